import { waitUntil } from "@leftrail/testkit";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startChromium } from "./chromium.ts";
import { openDashboard } from "./open-dashboard.ts";
import { startPageServer, type PageServer } from "./page-server.ts";
import type { StreamRecord } from "./record.ts";
import { streamedSamples, streamTypes } from "./sample-events.ts";
import { startStreamingFleet, type Member, type StreamingFleet } from "./streaming-fleet.ts";

let resources: AsyncDisposableStack;
let pages: PageServer;
let strangers: PageServer;
let fleet: StreamingFleet;
let browser: Browser;
let context: BrowserContext;
let member: Member;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  pages = resources.use(await startPageServer());
  strangers = resources.use(await startPageServer());
  fleet = resources.use(await startStreamingFleet({ origins: [pages.origin] }));
  browser = resources.use(await startChromium());
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  context = await browser.newContext();
  member = await fleet.newMember();
});
afterEach(async () => {
  await context.close();
  await fleet.mend();
});

const dashboardOf = ({ origin }: PageServer) =>
  openDashboard({ context, origin, token: () => fleet.token(member) });

const streamUrl = (credential: string): string => fleet.streamUrl(member, credential);

/** A page with an open stream of its browser's own, and nothing else. */
async function openStream(credential: string): Promise<StreamRecord> {
  const dashboard = await dashboardOf(pages);
  await dashboard.openEventSource(streamUrl(credential), streamTypes);
  await dashboard.record.untilState("open");
  return dashboard.record;
}

/** One with an access token in its URL and one with a ticket, on one instance. */
const openStreams = (): Promise<readonly StreamRecord[]> =>
  fleet.onOneInstance(async () => {
    const records = [
      await openStream(await fleet.token(member)),
      await openStream(await fleet.ticket(member)),
    ];
    await fleet.untilStreams(records.length);
    return records;
  });

const untilAllHave = (records: readonly StreamRecord[], id: string) =>
  Promise.all(records.map((record) => record.untilId(id)));

describe("a browser's own EventSource, with an access token or a ticket in its URL,", () => {
  test("brings every type that services publish, as it was published", async () => {
    const records = await openStreams();
    const ids = await fleet.publishSamples(member.organizationId);
    await untilAllHave(records, ids.at(-1)!);
    for (const record of records) {
      expect(record.events()).toEqual(streamedSamples(member.organizationId, ids));
      expect(record.ids()).toEqual(ids);
    }
  });

  test("outlives its instance: it goes on from its last id, and nothing is lost or doubled", async () => {
    const records = await openStreams();
    const publishing = fleet.publishSteadily(member.organizationId);
    await publishing.more(10);
    await fleet.crashInstanceOf(member.organizationId);
    await Promise.all(records.map((record) => record.untilState("connecting")));
    await Promise.all(records.map((record) => record.untilState("open")));
    await publishing.more(10);
    await untilAllHave(records, await publishing.stop());
    for (const record of records) {
      expect(record.ids()).toEqual(publishing.ids);
      expect(record.types()).not.toContain("stream.gap");
    }
    const resumed = fleet.streamsOf(member.organizationId).slice(records.length);
    expect(resumed).toHaveLength(records.length);
    for (const { headers } of resumed) expect(publishing.ids).toContain(headers["last-event-id"]);
  });

  test("that never brought anything brings what was published while it was away", async () => {
    const records = await openStreams();
    await fleet.crashInstanceOf(member.organizationId);
    await Promise.all(records.map((record) => record.untilState("connecting")));
    const ids = await fleet.publishSamples(member.organizationId);
    await untilAllHave(records, ids.at(-1)!);
    for (const record of records) {
      expect(record.ids()).toEqual(ids);
      expect(record.types()).not.toContain("stream.gap");
    }
  });
});

describe("a page of an origin that is not in CORS_ORIGINS", () => {
  test("reads nothing, whatever its user may see", async () => {
    const token = await fleet.token(member);
    const [own, stranger] = [await dashboardOf(pages), await dashboardOf(strangers)];
    for (const path of ["", `/${member.organizationId}/features`, `/${member.organizationId}/products`]) {
      await fleet.warm(`/v1/organizations${path}`, member.as);
      const input = [`${fleet.url}/v1/organizations${path}`, token] as const;
      const read = (page: Page) => page.evaluate((given) => globalThis.dashboard.fetch(...given), input);
      expect(await read(own.page)).toMatch(/^200 \{/);
      expect(await read(stranger.page)).toBe("TypeError");
    }
  });

  test("hears nothing, not even by a URL with a token in it, and gets no ticket", async () => {
    const own = await openStream(await fleet.ticket(member));
    await fleet.untilStreams(1);
    const stranger = await dashboardOf(strangers);
    await stranger.openEventSource(streamUrl(await fleet.token(member)), streamTypes);
    await stranger.record.untilState("closed");
    await stranger.createClient({ baseUrl: fleet.url });
    await stranger.openStream(member.organizationId);
    await waitUntil(() => stranger.record.errors().length > 0, { what: "the refusal" });
    const ids = await fleet.publishSamples(member.organizationId);
    await own.untilId(ids.at(-1)!);
    expect(stranger.record.types()).toEqual([]);
    expect(stranger.record.errors()[0]).toBe("TypeError: Failed to fetch");
  });
});
