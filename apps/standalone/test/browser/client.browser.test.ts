import { waitUntil } from "@leftrail/testkit";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startChromium } from "./chromium.ts";
import { openDashboard, type Dashboard } from "./open-dashboard.ts";
import { startPageServer, type PageServer } from "./page-server.ts";
import { streamedSamples } from "./sample-events.ts";
import { startStreamingFleet, type Member, type StreamingFleet } from "./streaming-fleet.ts";

let resources: AsyncDisposableStack;
let pages: PageServer;
let fleet: StreamingFleet;
let browser: Browser;
let context: BrowserContext;
let member: Member;
let dashboard: Dashboard;
let tokenSource: () => Promise<string>;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  pages = resources.use(await startPageServer());
  fleet = resources.use(await startStreamingFleet({ origins: [pages.origin] }));
  browser = resources.use(await startChromium());
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  member = await fleet.newMember();
  const token = await fleet.token(member);
  tokenSource = async () => token;
  context = await browser.newContext();
  dashboard = await openDashboard({ context, origin: pages.origin, token: () => tokenSource() });
  await dashboard.createClient({ baseUrl: fleet.url });
});
afterEach(async () => {
  await context.close();
  await fleet.mend();
});

/** How long before its token's end a stream is asked to be renewed. */
const reauthBeforeSeconds = 30;

const openStream = async () => {
  await dashboard.openStream(member.organizationId);
  await dashboard.record.untilState("open");
  await fleet.untilStreams(1);
  return dashboard.record;
};

test("reads ask again with the ETag they know, and answer a 304 with the very object of before", async () => {
  const { organizationId } = member;
  for (const what of ["features", "products"]) {
    await fleet.warm(`/v1/organizations/${organizationId}/${what}`, member.as);
  }
  const begun = fleet.requests.length;
  const { bodies, areSame } = await dashboard.page.evaluate(
    (id) => globalThis.dashboard.readTwice(id),
    organizationId,
  );
  expect(areSame).toEqual([true, true, true]);
  expect(bodies).toMatchObject([
    { organizations: [{ id: organizationId, role: "member" }] },
    { features: ["activity", "dashboard", "team_settings"] },
    { products: [] },
  ]);
  const reads = fleet.requests.slice(begun).filter(({ method }) => method === "GET");
  expect(reads.map(({ status }) => status)).toEqual([200, 200, 200, 304, 304, 304]);

  await fleet.sql`insert into entitlements (tenant_id, product, source) values (${organizationId}, 'ai-chat', 'grant')`;
  const features = () => dashboard.page.evaluate((id) => globalThis.dashboard.features(id), organizationId);
  await waitUntil(async () => (await features()).features.includes("chat"), { what: "the new features" });
});

describe("a stream of the client in a page", () => {
  test("brings every type that services publish, with no access token in any URL", async () => {
    const record = await openStream();
    const ids = await fleet.publishSamples(member.organizationId);
    await record.untilId(ids.at(-1)!);
    expect(record.events()).toEqual(streamedSamples(member.organizationId, ids));
    expect(record.states()).toEqual(["open"]);
    expect(fleet.streamsOf(member.organizationId).map(({ url }) => url)).toEqual([
      expect.stringMatching(/[?&]token=st_/),
    ]);
    expect(fleet.requests.filter(({ url }) => url.includes("eyJ"))).toEqual([]);
  });

  test("outlives its instance, and nothing is lost or doubled", async () => {
    const record = await openStream();
    const publishing = fleet.publishSteadily(member.organizationId);
    await publishing.more(10);
    await fleet.crashInstanceOf(member.organizationId);
    await record.untilState("connecting");
    await record.untilState("open");
    await publishing.more(10);
    await record.untilId(await publishing.stop());
    expect(record.ids()).toEqual(publishing.ids);
    expect(record.gaps()).toEqual([]);
    expect(record.states()).toEqual(["open", "connecting", "open"]);
    expect(fleet.streamsOf(member.organizationId)).toHaveLength(2);
  });

  test("that never brought anything brings what was published while it was away", async () => {
    const record = await openStream();
    await fleet.crashInstanceOf(member.organizationId);
    await record.untilState("connecting");
    const ids = await fleet.publishSamples(member.organizationId);
    await record.untilId(ids.at(-1)!);
    expect(record.ids()).toEqual(ids);
    expect(record.gaps()).toEqual([]);
  });

  test("outlives an answer that is none, after which EventSource never comes back", async () => {
    await dashboard.createClient({ baseUrl: fleet.url, hurry: 4 });
    const record = await openStream();
    const publishing = fleet.publishSteadily(member.organizationId);
    await publishing.more(10);
    await fleet.answerAll(502);
    await fleet.crashInstanceOf(member.organizationId);
    await waitUntil(() => record.errors().length > 0, { what: "a refused attempt" });
    await fleet.mend();
    await record.untilState("open");
    await publishing.more(10);
    await record.untilId(await publishing.stop());
    expect(record.ids()).toEqual(publishing.ids);
    expect(record.gaps()).toEqual([]);
    const statuses = fleet.streamsOf(member.organizationId).map(({ status }) => status);
    expect(statuses).toEqual([200, 502, 200]);
  });

  test("tells of the gap when the history is lost, and goes on behind it", async () => {
    const record = await openStream();
    const before = await fleet.publishSamples(member.organizationId);
    await record.untilId(before.at(-1)!);
    await fleet.loseHistory();
    const after = await fleet.publishSamples(member.organizationId);
    await record.untilId(after.at(-1)!);
    expect(record.gaps()).toMatchObject([{ reason: "unknown", requested: before.at(-1) }]);
    expect(record.ids()).toEqual([...before, ...after]);

    await fleet.crashInstanceOf(member.organizationId);
    await record.untilState("connecting");
    const later = await fleet.publishSamples(member.organizationId);
    await record.untilId(later.at(-1)!);
    expect(record.ids()).toEqual([...before, ...after, ...later]);
    expect(record.gaps()).toHaveLength(1);
  });

  test("is renewed before its token ends, and is open all the while", async () => {
    const tokens = [await fleet.token(member, { livesSeconds: reauthBeforeSeconds + 2 })];
    tokenSource = async () => tokens.shift() ?? fleet.token(member);
    const record = await openStream();
    const publishing = fleet.publishSteadily(member.organizationId);
    await waitUntil(() => fleet.streamsOf(member.organizationId).length === 2, { what: "the renewed one" });
    await publishing.more(10);
    await record.untilId(await publishing.stop());
    await fleet.untilStreams(1);
    expect(record.states()).toEqual(["open"]);
    expect(record.gaps()).toEqual([]);
    expect(record.ids()).toEqual(publishing.ids);
  });

  test("loses and doubles nothing while tokens live for a few seconds only", async () => {
    const tokens = [await fleet.token(member, { livesSeconds: reauthBeforeSeconds + 2 })];
    tokenSource = async () => tokens.shift() ?? fleet.token(member, { livesSeconds: 4 });
    await dashboard.createClient({ baseUrl: fleet.url, hurry: 4 });
    const record = await openStream();
    const publishing = fleet.publishSteadily(member.organizationId);
    await waitUntil(() => fleet.streamsOf(member.organizationId).length >= 5, {
      what: "streams one after the other",
      timeoutMs: 30_000,
    });
    tokenSource = () => fleet.token(member);
    await publishing.more(10);
    await record.untilId(await publishing.stop());
    expect(record.ids()).toEqual(publishing.ids);
    expect(record.gaps()).toEqual([]);
  });

  test("ends for good when its user is no member any more", async () => {
    const record = await openStream();
    await fleet.sql`delete from memberships where user_id = ${member.as.userId}`;
    await record.untilState("revoked");
    await fleet.untilStreams(0);
    await dashboard.page.evaluate((id) => globalThis.dashboard.openStream(id), member.organizationId);
    await record.untilState("forbidden");
    expect(record.states()).toEqual(["open", "revoked", "forbidden"]);
    expect(fleet.streamsOf(member.organizationId)).toHaveLength(1);
  });
});
