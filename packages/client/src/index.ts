export type { StartTimer } from "./alarm.ts";
export type { Frozen } from "./conditional-reads.ts";
export type { EventSourceLike } from "./connection.ts";
export { createClient, type Client, type ClientOptions, type ReadOptions } from "./create-client.ts";
export type { EventOf, PublishedEvent, StreamGap } from "./events.ts";
export { LeftrailError } from "./leftrail-error.ts";
export type { EventSourceConstructor } from "./load-event-source.ts";
export type { Fetch, TokenSource } from "./requests.ts";
export type { EventStream, FinalState, StreamOptions, StreamState } from "./stream-options.ts";
