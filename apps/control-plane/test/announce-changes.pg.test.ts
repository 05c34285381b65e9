import { createInProcessChanges, createRelay } from "@leftrail/changes";
import { createLogger } from "@leftrail/service";
import {
  changeAs,
  eachStore,
  entitlementRow,
  givenTenant,
  overrideRow,
  type StoreHarness,
} from "@leftrail/store/testing";
import { waitUntil } from "@leftrail/testkit";
import { expect, onTestFinished, test } from "vitest";
import { fakeEventPublisher } from "../src/events/testing/fake-event-publisher.ts";
import { announceChanges } from "../src/relay/announce-changes.ts";

/** A relay that leads and tells, over a publisher that remembers. */
async function startTelling({ store, arrange }: StoreHarness) {
  await arrange.relayed();
  const events = fakeEventPublisher();
  const clock = () => performance.now();
  const logger = createLogger({ level: "silent", name: "test" });
  const relay = createRelay({
    outbox: store.outbox,
    bus: createInProcessChanges(clock).bus,
    clock,
    chores: [announceChanges({ events, clock: Date.now, logger })],
  }).start();
  onTestFinished(() => relay[Symbol.asyncDispose]());
  const toldTo = (id: string) =>
    events.published.flatMap(({ organizationId, type, data }) =>
      organizationId === id && type === "org.entitlements.changed" ? [data] : [],
    );
  return { events, toldTo };
}

eachStore("what organizations are told of changes", (harness) => {
  test("is the reason and the products in force, also of what nobody asked the control plane for", async () => {
    const { store, arrange } = harness();
    const { id } = await givenTenant(store);
    const { toldTo } = await startTelling(harness());
    await arrange.entitlement(entitlementRow(id));
    await waitUntil(() => toldTo(id).length === 1, { what: "the entitlement" });
    await arrange.override(overrideRow(id, { target: "chat" }));
    await waitUntil(() => toldTo(id).length === 2, { what: "the override" });
    await changeAs(store, id, (tx) => tx.write.tenants.update(id, { name: "new" }));
    await waitUntil(() => toldTo(id).length === 3, { what: "the tenant" });
    expect(toldTo(id)).toEqual(
      ["entitlement", "override", "tenant"].map((reason) => ({ reason, products: ["ai-chat"] })),
    );
  });

  test("waits while it can't be told, in order, and is told once then", async () => {
    const { store, arrange } = harness();
    const { id } = await givenTenant(store);
    const { events, toldTo } = await startTelling(harness());
    events.before = () => {
      throw new Error("the broker is out of reach, as the test wants it");
    };
    await arrange.entitlement(entitlementRow(id, { product: "ai-chat" }));
    await waitUntil(() => events.calls > 1, { what: "attempts" });
    await arrange.override(overrideRow(id, { target: "chat" }));
    expect(toldTo(id)).toEqual([]);
    events.before = () => undefined;
    await waitUntil(() => toldTo(id).length === 2, { what: "both" });
    expect(toldTo(id)).toEqual([
      { reason: "entitlement", products: ["ai-chat"] },
      { reason: "override", products: ["ai-chat"] },
    ]);
  });
});
