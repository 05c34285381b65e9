import { waitUntil, type SseEvent } from "@leftrail/testkit";
import { expect } from "vitest";
import { z } from "zod";
import type { StreamFleet, TestEvent } from "./stream-fleet.ts";
import type { Follower } from "./stream-follower.ts";

/** An event with the id that publishing answered. */
export interface TakenEvent extends TestEvent {
  readonly id: string;
}

const answerSchema = z.strictObject({ id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) });
const takenTimeoutMs = 120_000;

/** Publishes an event, again and again under its key until it is taken. */
export async function publishUntilTaken(
  fleet: StreamFleet,
  organizationId: string,
  event: TestEvent,
): Promise<TakenEvent> {
  const id = await waitUntil(
    async () => {
      const response = await fleet.publish(organizationId, event);
      const body: unknown = await response.json();
      if (response.status === 202) return answerSchema.parse(body).id;
      throw new Error(`${response.status} ${JSON.stringify(body)}`);
    },
    { what: `event ${event.number} to be taken`, timeoutMs: takenTimeoutMs },
  );
  return { ...event, id };
}

/** Publishes `perSecond` events in all, each sender one after the other, until it is stopped. */
export function publishSteadily(
  fleet: StreamFleet,
  organizationId: string,
  { senders, perSecond }: { readonly senders: number; readonly perSecond: number },
) {
  const taken: TakenEvent[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const intervalMs = (1_000 * senders) / perSecond;
  const beganMs = performance.now();

  async function send(sender: string): Promise<void> {
    for (let number = 0; !signal.aborted; number++) {
      taken.push(await publishUntilTaken(fleet, organizationId, { sender, number }));
      const isDue = () => signal.aborted || performance.now() >= beganMs + number * intervalMs;
      await waitUntil(isDue, { what: "the next event's turn", intervalMs: 5 });
    }
  }

  const done = Promise.all(Array.from({ length: senders }, (_, at) => send(`sender ${at}`)));
  // Whoever stops it is told.
  done.catch(() => undefined);
  return {
    count: () => taken.length,
    /** All that was taken, in the order of their ids. */
    async stop(): Promise<readonly TakenEvent[]> {
      stopping.abort();
      await done;
      return taken.toSorted((a, b) => compareIds(a.id, b.id));
    },
  };
}

/** Ids are opaque to clients; a test may know that they are two numbers. */
export function compareIds(a: string, b: string): number {
  const [epochA = 0, seqA = 0] = a.split("-").map(Number);
  const [epochB = 0, seqB = 0] = b.split("-").map(Number);
  return epochA - epochB || seqA - seqB;
}

const envelopeSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  orgId: z.string(),
  occurredAt: z.string(),
  data: z.looseObject({ source: z.string().optional(), changeId: z.string().optional() }),
});

/** An event in a few words, as it was taken and as it was told alike. */
export const nameOf = ({ id, sender, number }: TakenEvent): string => `${id}: ${sender}, ${number}`;

export function toldName({ id, type, data }: SseEvent): string {
  const envelope = envelopeSchema.parse(JSON.parse(data));
  if (envelope.id !== id || envelope.type !== type) throw new Error(`${id} ${type} is not ${data}`);
  const { source, changeId } = envelope.data;
  return type === "change.detected" ? `${id}: ${source}, ${changeId}` : `${id}: ${type}`;
}

/** The data of what was told of a type. */
export const toldData = (events: readonly SseEvent[], type: string): readonly unknown[] =>
  events
    .filter((event) => event.type === type)
    .map(({ data }) => envelopeSchema.parse(JSON.parse(data)).data);

async function untilTold(follower: Follower, taken: readonly TakenEvent[]): Promise<void> {
  const last = taken.at(-1)?.id;
  await waitUntil(() => follower.lastEventId === last, {
    what: `a follower at ${follower.lastEventId} to come to ${last}`,
    timeoutMs: 30_000,
  });
}

/** Waits for the last of what was taken; then whatever it was not told stands where it was told of a gap. */
export async function expectHonest(follower: Follower, taken: readonly TakenEvent[]): Promise<void> {
  await untilTold(follower, taken);
  const placeOf = new Map(taken.map((event, place) => [nameOf(event), place]));
  const wrong: string[] = [];
  let place = -1;
  let isGap = false;
  for (const event of follower.events) {
    if (event.type === "stream.gap") {
      isGap = true;
      continue;
    }
    const next = placeOf.get(toldName(event)) ?? -1;
    if (isGap ? next <= place : next !== place + 1) wrong.push(`${toldName(event)} after place ${place}`);
    place = next;
    isGap = false;
  }
  expect({ refusals: follower.refusals, wrong }).toEqual({ refusals: [], wrong: [] });
}

/** Waits for the last of what was taken; then each was told once and in order, with nothing else and no gap between. */
export async function expectWhole(follower: Follower, taken: readonly TakenEvent[]): Promise<void> {
  await untilTold(follower, taken);
  const told = follower.events.map(toldName);
  const wanted = taken.map(nameOf);
  // In short first: the whole lists are long.
  const [wantedNames, toldNames] = [new Set(wanted), new Set(told)];
  expect({
    refusals: follower.refusals,
    lost: wanted.filter((name) => !toldNames.has(name)),
    besides: told.filter((name) => !wantedNames.has(name)),
    twice: told.length - toldNames.size,
  }).toEqual({ refusals: [], lost: [], besides: [], twice: 0 });
  expect(told).toEqual(wanted);
}

/** Of each sender the order in which it published is the order of the ids. */
export function expectSendersInOrder(taken: readonly TakenEvent[]): void {
  for (const sender of new Set(taken.map((event) => event.sender))) {
    const numbers = taken.flatMap((event) => (event.sender === sender ? event.number : []));
    expect(numbers).toEqual(numbers.map((_, at) => at));
  }
}
