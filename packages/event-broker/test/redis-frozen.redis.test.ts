import { startTestRedis, waitUntil } from "@leftrail/testkit";
import { expect, test } from "vitest";
import { openRedisBroker } from "./brokers.ts";
import { createRecorder } from "./recorder.ts";
import { anEvent, anOrganization, areGrowing, before } from "./sample-events.ts";

const inDocker = "in Docker there is no process to control";

test("frozen, Redis takes no event, live hubs go on serving, and thawed, each event is told once", async ({
  skip,
}) => {
  await using server = await startTestRedis();
  skip(server.pid === undefined, inDocker);
  await using broker = await openRedisBroker(server.url);
  const { hubs, publisher } = broker;
  const [organization, unopened] = [anOrganization(), anOrganization()];
  const subscriber = createRecorder();
  using _live = hubs.attach(organization, undefined, subscriber);
  await subscriber.begun();
  const first = await publisher.publish(organization, anEvent({ n: 0 }, "0"));
  await subscriber.has(first.id);

  await server.freeze();
  const refused = Promise.allSettled(
    [1, 2, 3, 4].map((n) => publisher.publish(organization, anEvent({ n }, `${n}`))),
  );
  const waiting = createRecorder();
  using _waiting = hubs.attach(unopened, undefined, waiting);
  // The minute, by the clock of the hubs.
  for (let seconds = 0; seconds < 60; seconds += 2) {
    broker.skip(2_000);
    void hubs.tick();
    const late = createRecorder();
    hubs.attach(organization, before(first.id), late)[Symbol.dispose]();
    expect(late.story).toEqual([first.id]);
  }
  for (const outcome of await refused) {
    expect(outcome).toMatchObject({
      status: "rejected",
      reason: { code: "unavailable", retryAfterSeconds: 1 },
    });
  }
  await expect(publisher.publishIfOpen(organization, anEvent({ n: 6 }))).rejects.toMatchObject({
    code: "unavailable",
  });
  expect(hubs.isLive).toBe(false);
  expect(waiting.start).toBeUndefined();

  server.thaw();
  await waitUntil(() => hubs.isLive, { what: "the hubs to be live" });
  await waitUntil(() => broker.publisherRedis.status === "ready", { what: "the publisher to be connected" });
  // Nobody knows which of those were taken all the same; by their keys they can be said again.
  const again: string[] = [];
  for (const n of [1, 2, 3, 4])
    again.push((await publisher.publish(organization, anEvent({ n }, `${n}`))).id);
  const last = await publisher.publish(organization, anEvent({ n: 5 }));
  await Promise.all([subscriber.has(last.id), waiting.begun()]);
  expect(subscriber.ids.filter((id) => [first.id, ...again, last.id].includes(id))).toHaveLength(6);
  const told: number[] = subscriber.events.map(({ json }) => JSON.parse(json).data.n);
  expect(told.filter((n) => n < 6).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(told.length).toBeLessThanOrEqual(7);
  expect(areGrowing(subscriber.ids)).toBe(true);
  expect(subscriber.gaps).toEqual([]);
  expect(broker.count("publish_failed")).toBe(5);
});

test("stopped, Redis refuses events at once; hubs serve what they have, and open when it is back", async ({
  skip,
}) => {
  await using server = await startTestRedis();
  skip(server.pid === undefined, inDocker);
  await using broker = await openRedisBroker(server.url);
  const [organization, unopened] = [anOrganization(), anOrganization()];
  const subscriber = createRecorder();
  using _live = broker.hubs.attach(organization, undefined, subscriber);
  await subscriber.begun();
  const { id } = await broker.publisher.publish(organization, anEvent());
  await subscriber.has(id);
  await server.stop();
  await waitUntil(() => !broker.hubs.isLive, { what: "the loss to be noticed" });
  const [late, waiting] = [createRecorder(), createRecorder()];
  using _late = broker.hubs.attach(organization, before(id), late);
  using _waiting = broker.hubs.attach(unopened, undefined, waiting);
  expect(late.story).toEqual([id]);
  await expect(broker.publisher.publish(organization, anEvent())).rejects.toMatchObject({
    code: "unavailable",
    retryAfterSeconds: 1,
    cause: expect.any(Error),
  });
  await server.start();
  await waiting.begun();
  expect(waiting.start).toMatchObject({ gap: undefined });
  await waitUntil(() => broker.hubs.isLive && subscriber.gaps.length === 1, { what: "the loss to be told" });
});
