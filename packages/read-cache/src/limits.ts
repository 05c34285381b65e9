/** While the relay's last proof is younger, the local tier answers without asking anybody. */
export const proofAgeMaxMs = 300;
/** While an own look at the outbox is younger, the tiers answer for what it did not name. */
export const lookAgeMaxMs = 600;
/** How often an instance that hears no proof looks at the outbox. */
export const lookIntervalMs = 250;
/** Before the proof is too old, so that the first look is there in time. */
export const lookBeginsAtProofAgeMs = 150;
/** Rows that one look takes; with more, everything counts as changed. */
export const lookRowsMax = 2_000;

/** An entry's life, in either tier, unless its boundary comes before. */
export const ttlMs = 60_000;
/** How long an answer outlives the last proof, and its own life, while the database is down. */
export const staleMaxMs = 5 * 60_000;

/** Longest that a request waits for Redis. */
export const sharedReadTimeoutMs = 50;
/** Longest that a read may take in the database, its turn included. */
export const databaseTimeoutMs = 220;
/** Longest that a request waits in all, however often its read was overtaken: below 300 ms with all around it. */
export const answerTimeoutMs = sharedReadTimeoutMs + databaseTimeoutMs;
/** How often a read that an invalidation overtook begins anew; what was overtaken is never shown. */
export const attemptsMax = 20;
/** How often Redis is asked again when an invalidation was heard before its answer; then the database answers alone. */
export const rereadsMax = 3;
/** Reads that run in the database at once. */
export const databaseReadsMax = 8;
/** Reads that wait for their turn. */
export const databaseWaitingMax = 5_000;
/** How long a flight waits for one that began before, so that those who came meanwhile share the next one. */
export const followTimeoutMs = 50;

/** Longest that a database may take to prove that it is there, and how often one that is not is asked. */
export const pingTimeoutMs = 150;
export const pingIntervalMs = 250;

/** How often an instance looks whether the outbox or a database that is down must be asked. */
export const tickIntervalMs = 50;
