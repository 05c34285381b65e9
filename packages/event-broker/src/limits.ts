/** What an organization's history holds: the newest events within all three. */
export interface HistoryLimits {
  readonly eventsMax: number;
  readonly ageMaxMs: number;
  /** Of the events' JSON without their ids, in UTF-8. */
  readonly bytesMax: number;
}

export const historyLimits: HistoryLimits = {
  eventsMax: 1_000,
  ageMaxMs: 10 * 60_000,
  bytesMax: 16 * 1_024 * 1_024,
};

/** The longest event, in bytes of its JSON. Texts of 60,000 bytes that JSON must escape are well below. */
export const eventBytesMax = 1_024 * 1_024;
/** What all rings of a process hold together. */
export const ringsBytesMax = 256 * 1_024 * 1_024;
/** What an event in a ring takes besides its frame, about. */
export const entryOverheadBytes = 256;

/** How long an event's idempotency key is known. */
export const eventKeyTtlMs = 24 * 60 * 60_000;
/** How long an organization counts as open after somebody last looked at its stream or published to it. */
export const headTtlMs = 24 * 60 * 60_000;
/** A history outlives its last event by its age and this much. */
export const historySlackMs = 60_000;
/** Entries that one publishing takes away at most; what is left over goes with the next ones. */
export const entriesTrimmedMax = 100;

/** How long a hub without subscribers stays, for those who come back at once. */
export const hubLingerMs = 30_000;
/** How often `start` ticks. */
export const tickIntervalMs = 250;

/** A hub that has heard nothing for so long is compared with its head in Redis. */
export const silenceMaxMs = 4_000;
/** Within which all silent hubs take their turn; with the above well below 10 s. */
export const silenceRoundMs = 4_000;
/** Heads asked for in one pipeline. */
export const headsPerCheckMax = 256;

/** A subscriber connection that brought nothing for so long is pinged. */
export const pingIntervalMs = 2_000;
/** One that gives no pong within it is cut. */
export const pongTimeoutMs = 2_000;
/** Ticks that must also pass, so that a process that stood still does not blame its connections. */
export const pongTicksMin = 4;

/** Histories read at once. */
export const readsMax = 16;
/** Channels in one SUBSCRIBE. */
export const channelsPerSubscribeMax = 512;
/** Messages that wait for the history read that is under way; with more, it is read once more. */
export const heldMessagesMax = 256;
/** After something failed, how long until it is tried again. */
export const retryDelayMs = 500;
/** When a publisher may come back whose event could not be taken. */
export const retryAfterSeconds = 1;

/** Idempotency keys that the in-process broker keeps, of all organizations. */
export const eventKeysMax = 100_000;
