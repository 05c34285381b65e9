import { randomUUID } from "node:crypto";
import { newUser } from "@leftrail/auth/testing";
import { createTestDatabase, waitUntil } from "@leftrail/testkit";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { freshWithinMs, warm } from "../set-up/steady-reader.ts";
import { startStreamFleet, untilAnnounced, type StreamFleet } from "../set-up/stream-fleet.ts";
import { createFollowers } from "../set-up/stream-follower.ts";
import { publishUntilTaken, toldData } from "../set-up/stream-ledger.ts";

const byDefault = ["activity", "dashboard", "team_settings"];
const withChat = ["activity", "chat", "chat_export", "chat_history", "dashboard", "team_settings"];
const platformAdmin = { ...newUser(), roles: ["platform-admin"] };
const rowSchema = z.looseObject({ id: z.string() });

const followers = createFollowers();
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let fleet: StreamFleet;
beforeAll(async () => {
  database = await createTestDatabase(inject("postgres"));
  fleet = await startStreamFleet({ databaseUrl: database.url, hotPaths: [{}, {}, {}] });
});
afterAll(async () => {
  followers[Symbol.dispose]();
  await fleet[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

type Organization = Awaited<ReturnType<StreamFleet["givenOrganization"]>>;

/** Asks the control plane; the row that it answers, if any. */
async function ask(method: string, path: string, as: Organization["as"], body?: unknown) {
  const response = await fleet.call(fleet.controlPlanes[0]!, method, path, { as, body });
  const text = await response.text();
  expect([response.ok, text]).toEqual([true, text]);
  return rowSchema.parse(text === "" ? { id: "" } : JSON.parse(text));
}

const entitle = ({ id }: Organization) => fleet.sql`
  insert into entitlements (tenant_id, product, source, starts_at)
  values (${id}, 'ai-chat', 'grant', now() - interval '1 day')`;

const setOverride = ({ id }: Organization) =>
  ask("PUT", "/v1/overrides", platformAdmin, {
    tenant_id: id,
    target_type: "feature",
    target: "extra",
    effect: "grant",
  });

/** An organization of which somebody follows the stream on two instances. */
async function givenFollowed(prepare?: (organization: Organization) => Promise<unknown>) {
  const organization = await fleet.givenOrganization();
  await prepare?.(organization);
  await untilAnnounced(fleet.sql);
  const { id, as } = organization;
  const urls = await Promise.all(fleet.hotPaths.slice(1).map((hotPath) => fleet.streamUrl(hotPath, id, as)));
  const streams = urls.map((url) => followers.follow({ urls: [url] }));
  await waitUntil(() => streams.every(({ isFollowing }) => isFollowing), { what: "all to follow" });
  return { organization, streams };
}

type Followed = Awaited<ReturnType<typeof givenFollowed>>;

/**
 * Makes a change, which answers when it took effect; it is told within a second, and what every hot path answers at the
 * moment at which the first stream tells it is new.
 */
async function expectTold(
  { organization, streams }: Followed,
  change: () => Promise<number>,
  told: { readonly reason: string; readonly products: readonly string[] },
  answered: { readonly path: string; readonly body: unknown },
): Promise<void> {
  const { as } = organization;
  // What was told before is on its way at most: behind the mark comes only what the change makes.
  const mark = await publishUntilTaken(fleet, organization.id, { sender: randomUUID(), number: 0 });
  await waitUntil(() => streams.every(({ lastEventId }) => lastEventId === mark.id), { what: "the mark" });
  const before = streams.map(({ count }) => count);
  for (const path of [organization.features, answered.path]) await warm(fleet, path, as);
  const isTold = (stream: Followed["streams"][number], at: number) => stream.count > (before[at] ?? 0);
  const effectiveMs = await change();
  await waitUntil(() => streams.some(isTold), { what: "it to be told", intervalMs: 1 });
  const toldMs = performance.now();
  const answers = await Promise.all(fleet.hotPaths.map((hotPath) => fleet.get(hotPath, answered.path, as)));
  for (const { status, body } of answers) expect([status, body]).toEqual([200, answered.body]);
  expect(toldMs - effectiveMs).toBeLessThan(freshWithinMs);
  await waitUntil(() => streams.every(isTold), { what: "it to be told on every stream" });
  await untilAnnounced(fleet.sql);
  for (const [at, { events }] of streams.entries()) {
    expect(toldData(events.slice(before[at]), "org.entitlements.changed")).toEqual([told]);
  }
}

const featuresOf = ({ features }: Organization, names: readonly string[]) => ({
  path: features,
  body: JSON.stringify({ features: names }),
});

const now = async (change: Promise<unknown>): Promise<number> => {
  await change;
  return performance.now();
};

test("an order that is approved is told within a second, with the products in force, when every hot path has the features", async () => {
  const followed = await givenFollowed();
  const { organization } = followed;
  const { id, as } = organization;
  const order = await ask("POST", "/v1/catalog/request", as, { tenant_id: id, product: "ai-chat" });
  await expectTold(
    followed,
    () => now(ask("POST", `/v1/orders/${order.id}/approve`, platformAdmin)),
    { reason: "entitlement", products: ["ai-chat"] },
    featuresOf(organization, withChat),
  );
});

test("so is an override that is set, and one that is removed", async () => {
  const followed = await givenFollowed();
  const { organization } = followed;
  let override = { id: "" };
  await expectTold(
    followed,
    async () => now((async () => (override = await setOverride(organization)))()),
    { reason: "override", products: [] },
    featuresOf(organization, ["activity", "dashboard", "extra", "team_settings"]),
  );
  await expectTold(
    followed,
    () => now(ask("DELETE", `/v1/overrides/${override.id}`, platformAdmin)),
    { reason: "override", products: [] },
    featuresOf(organization, byDefault),
  );
});

test("so is an entitlement that any SQL client changes", async () => {
  const followed = await givenFollowed(entitle);
  const { organization } = followed;
  await expectTold(
    followed,
    () =>
      now(fleet.sql`update entitlements set product = 'change-radar' where tenant_id = ${organization.id}`),
    { reason: "entitlement", products: ["change-radar"] },
    featuresOf(organization, [
      "activity",
      "change_alerts",
      "change_feed",
      "dashboard",
      "team_settings",
      "vendor_watch",
    ]),
  );
});

test("so is an organization that is renamed", async () => {
  const followed = await givenFollowed(entitle);
  const { id, as } = followed.organization;
  await expectTold(
    followed,
    () => now(ask("PATCH", `/v1/tenants/${id}`, as, { name: "Another name" })),
    { reason: "tenant", products: ["ai-chat"] },
    { path: "/v1/organizations", body: expect.stringContaining('"name":"Another name"') },
  );
});

test("so is an entitlement that ends by time", async () => {
  const followed = await givenFollowed();
  const { organization, streams } = followed;
  const [row] = await fleet.sql<{ leftMs: number }[]>`
    insert into entitlements (tenant_id, product, source, status, starts_at, ends_at)
    values (${organization.id}, 'ai-chat', 'trial', 'trialing', now() - interval '1 day', now() + interval '3 seconds')
    returning extract(epoch from ends_at - clock_timestamp())::float8 * 1000 as "leftMs"`;
  const endsMs = performance.now() + (row?.leftMs ?? 0);
  await waitUntil(() => streams.every(({ count }) => count === 1), { what: "its beginning to be told" });
  await expectTold(
    followed,
    async () => {
      expect(performance.now()).toBeLessThan(endsMs);
      return endsMs;
    },
    { reason: "entitlement", products: [] },
    featuresOf(organization, byDefault),
  );
});

test("so is a Stripe product that changes, to organizations with something in force and to no other", async () => {
  const followed = await givenFollowed(entitle);
  const without = await givenFollowed();
  const { sql } = fleet;
  await sql`insert into stripe_products (id, name) values ('prod_1', 'Chat')`;
  await sql`update catalog_products set stripe_product_id = 'prod_1' where product = 'ai-chat'`;
  await untilAnnounced(sql);
  await expectTold(
    followed,
    () =>
      now(
        sql`update stripe_products set metadata = ${sql.json({ features: '["extra"]' })} where id = 'prod_1'`,
      ),
    { reason: "product", products: ["ai-chat"] },
    featuresOf(followed.organization, [...withChat, "extra"].toSorted()),
  );
  const mark = await publishUntilTaken(fleet, without.organization.id, { sender: "test", number: 0 });
  await waitUntil(() => without.streams.every(({ lastEventId }) => lastEventId === mark.id), {
    what: "the mark",
  });
  for (const { events } of without.streams)
    expect(events.map(({ type }) => type)).toEqual(["change.detected"]);
});

test("what a control plane committed that was killed at once is told by the next one, once", async () => {
  const { organization, streams } = await givenFollowed();
  await entitle(organization);
  const [controlPlane] = fleet.controlPlanes;
  controlPlane!.kill("SIGKILL");
  await controlPlane!.exited;
  await fleet.startControlPlane();
  await waitUntil(() => streams.every(({ count }) => count > 0), { what: "it to be told" });
  await untilAnnounced(fleet.sql);
  for (const { events } of streams) {
    expect(events.map(({ type }) => type)).toEqual(["org.entitlements.changed"]);
    expect(toldData(events, "org.entitlements.changed")).toEqual([
      { reason: "entitlement", products: ["ai-chat"] },
    ]);
  }
});
