/** Bodies that are kept to be asked for with `If-None-Match`. */
export const readsKeptMax = 100;
/** Longest that a read or a ticket may take, its body included. */
export const requestTimeoutMs = 15_000;

/** Longest that a new connection may take to open, and that a try of EventSource to open again may hang. */
export const openTimeoutMs = 15_000;
/** The first wait after a failure, and the longest; each is jittered down to its half. */
export const backoffBaseMs = 1_000;
export const backoffMaxMs = 30_000;
/** Longest that a `Retry-After` is obeyed for. */
export const retryAfterMaxSeconds = 300;
/** A connection that was open for so long makes the failures before it forgotten. Longer than the longest wait. */
export const steadyAfterMs = 60_000;

/** Ids remembered to drop repeats: more than the 1,000 events that a history replays. */
export const passedIdsMax = 2_048;

/** How long the tab with the connection may be silent before it is asked, and then take to answer, before another takes over. */
export const leaderSilentMs = 10_000;
export const leaderAnswerMs = 5_000;
