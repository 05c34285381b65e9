import type { StreamTickets } from "@leftrail/auth";
import { createInProcessTickets } from "@leftrail/auth";
import {
  createInProcessEvents,
  type EventHubs,
  type HubEvent,
  type Subscriber,
} from "@leftrail/event-broker";
import { foundOf } from "@leftrail/read-cache";
import { openSse, waitUntil, type SseReader } from "@leftrail/testkit";
import { once } from "node:events";
import { createServer } from "node:http";
import type { UserChanges } from "../src/cache/user-changes.ts";
import { AccessWatch } from "../src/stream/access-watch.ts";
import type { Frame } from "../src/stream/frame.ts";
import { encodeEvent } from "../src/stream/sse-encoder.ts";
import { Streams, type OpenOptions, type StreamEvent, type StreamSettings } from "../src/stream/streams.ts";
import { TicketPlaces } from "../src/stream/ticket-places.ts";

export const organizationId = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";
export const otherOrganizationId = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5c";

/** Hubs that say nothing until they are told to. */
export class FakeHubs implements EventHubs<Frame> {
  isLive = false;
  readonly hubCount = 1;
  readonly subscribers = new Set<Subscriber<Frame>>();

  attach(_organizationId: string, _after: string | undefined, subscriber: Subscriber<Frame>): Disposable {
    this.subscribers.add(subscriber);
    return { [Symbol.dispose]: () => void this.subscribers.delete(subscriber) };
  }

  begin(replay: readonly HubEvent<Frame>[]): void {
    this.tell((subscriber) => subscriber.begin({ position: "5-0", gap: undefined, replay }));
  }

  signal(): void {}
  onSignal(): void {}

  event(event: HubEvent<Frame>): void {
    this.tell((subscriber) => subscriber.event(event));
  }

  tell(what: (subscriber: Subscriber<Frame>) => void): void {
    for (const subscriber of this.subscribers) what(subscriber);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const eventOf = (id: string, json = "{}", type = "scheduler.tick"): HubEvent<Frame> => ({
  id,
  type,
  frame: encodeEvent({ id, type, json }),
});

/** Changes that say nothing, as while the relay is silent: then the cache itself is asked. */
export const neverHeard: UserChanges = {
  areHeard: () => false,
  moment: () => 0,
  hold: () => ({ states: [] }),
  release: () => undefined,
  isChangedSince: () => false,
};

/** Streams behind a real server, with clocks that go on when they are told to, and no timer. */
export async function startStreamPool({
  settings = {},
  hubs: given,
  tickets = createInProcessTickets({ clock: () => 0 }),
}: {
  readonly settings?: Partial<StreamSettings>;
  readonly hubs?: EventHubs<Frame>;
  readonly tickets?: StreamTickets;
} = {}) {
  const time = { nowMs: 1_000, wallMs: Date.UTC(2026, 0, 31, 12) };
  const access = { organizationIds: [organizationId, otherOrganizationId], isDown: false, asked: 0 };
  const events: StreamEvent[] = [];
  const inProcess = createInProcessEvents({ clock: () => time.wallMs, encode: encodeEvent });
  const hubs = given ?? inProcess;
  const state = { isDraining: false, timers: 0 };
  const organizations = () =>
    foundOf(JSON.stringify({ organizations: access.organizationIds.map((id) => ({ id })) }));
  const watch = new AccessWatch({
    cache: {
      hit: () => undefined,
      read: async () => {
        access.asked++;
        if (access.isDown) throw new Error("the database is down");
        return { ...organizations(), tier: "miss" };
      },
    },
    changes: neverHeard,
    clock: () => time.nowMs,
    requestFor: (userId) => ({
      read: { key: userId, scopes: [] },
      variant: "",
      load: async () => ({ kind: "absent" }),
    }),
  });
  const places = new TicketPlaces(tickets, hubs);
  const streams = new Streams({
    hubs,
    settings: {
      heartbeatMs: 15_000,
      perUserMax: 20,
      perOrganizationMax: 20_000,
      drainMs: 20_000,
      ...settings,
    },
    access: watch,
    tickets: places,
    isDraining: () => state.isDraining,
    clock: () => time.nowMs,
    wallClock: () => time.wallMs,
    random: () => 0.5,
    every: () => {
      state.timers++;
      return { [Symbol.dispose]: () => void state.timers-- };
    },
    onEvent: (event) => void events.push(event),
  });

  let next: Partial<OpenOptions> = {};
  const server = createServer((_incoming, response) => {
    response.writeHead(200);
    response.flushHeaders();
    streams.open({
      response,
      requestId: "request",
      userId: "user",
      organizationId,
      filter: undefined,
      after: undefined,
      expiresAtMs: time.wallMs + 3_600_000,
      accessEtag: organizations().etag,
      place: undefined,
      ...next,
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const readers = new DisposableStack();

  return {
    streams,
    places,
    hubs,
    time,
    access,
    state,
    events,
    url,
    publish: async (type = "scheduler.tick", data: unknown = {}): Promise<string> =>
      (await inProcess.publish(organizationId, { type, occurredAt: "", data })).id,
    async open(options: Partial<OpenOptions> = {}): Promise<SseReader> {
      next = options;
      return readers.use(await openSse(url));
    },
    /** Both clocks go on, and everything that is due happens, in steps as a timer would have it. */
    elapse(ms: number, stepMs = 100): void {
      for (let left = ms; left > 0; left -= stepMs) {
        time.nowMs += Math.min(stepMs, left);
        time.wallMs += Math.min(stepMs, left);
        streams.tick();
      }
    },
    endedBecause: () => events.flatMap((event) => (event.kind === "ended" ? [event.reason] : [])),
    async [Symbol.asyncDispose](): Promise<void> {
      readers.dispose();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await inProcess[Symbol.asyncDispose]();
    },
  };
}

/** What a reader was sent arrives a little after it was written. */
export const untilText = (reader: SseReader, part: string) =>
  waitUntil(() => reader.text.includes(part), {
    what: `${JSON.stringify(part)} in ${reader.text.slice(-300)}`,
  });
