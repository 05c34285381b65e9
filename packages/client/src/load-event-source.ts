import type { EventSourceLike, OpenEventSource } from "./connection.ts";
import type { Fetch } from "./requests.ts";

export type EventSourceConstructor = new (url: string) => EventSourceLike;

export interface EventSourceOptions {
  readonly given: EventSourceConstructor | undefined;
  /** Of the caller: the npm package can use it, a browser's own EventSource can't. */
  readonly fetch: Fetch | undefined;
}

/** The one that was given, else the surroundings' own, else the npm package, which no page needs to load. */
export async function loadEventSource({ given, fetch }: EventSourceOptions): Promise<OpenEventSource> {
  const Constructor = given ?? ownEventSource();
  if (Constructor !== undefined) return (url) => new Constructor(url);
  const { EventSource: Package } = await import("eventsource");
  return (url) => new Package(url, fetch === undefined ? {} : { fetch });
}

const ownEventSource = (): EventSourceConstructor | undefined =>
  typeof EventSource === "function" ? EventSource : undefined;
