/** Bytes that may wait for one slow reader; an event that would make it more cuts the reader off. */
export const backlogBytesMax = 256 * 1024;
/** Heartbeats in a row that find a reader not taking what it has missed; then it is cut off as well. */
export const stalledHeartbeatsMax = 4;

/** What of a replay is joined into one frame, in bytes: about what a socket's buffer in the kernel takes. */
export const replayPieceBytesMax = 64 * 1024;
/** Such frames that a process keeps for others who come back with the same id. */
export const replayPiecesMax = 64;

/** How long a client waits before it comes back: so much, and up to so much more. */
export const retryMinMs = 1_500;
export const retryJitterMs = 1_000;
/** The same where nothing can be streamed right now. */
export const retryLaterMs = 5_000;

/** How long before its token's end a stream asks for another one. */
export const reauthBeforeMs = 30_000;
/** How long asking waits for the stream's position where less than that is left from the beginning. */
export const positionWithinMs = 1_000;
/** How long an ended stream may take to be read to its end. */
export const endGraceMs = 5_000;

/** What every stream has done for it is done in steps of so much. */
export const tickIntervalMs = 100;
/** How often it is looked whether a user still has access: losing it ends a stream within two seconds. */
export const accessCheckIntervalMs = 1_000;
/** Of those looks, how many may ask the shared cache or the database at once. */
export const accessReadsMax = 4;
/** Of those who open streams, how many may ask them at once. */
export const accessChecksMax = 64;
/** How long one may wait for its turn to ask; then it is told to come back later. */
export const accessTurnMaxMs = 5_000;

/** When somebody with too many streams may try again. */
export const tooManyRetryAfterSeconds = 5;
/** Characters of an event's id. */
export const eventIdLengthMax = 64;
