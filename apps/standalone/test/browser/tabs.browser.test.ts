import { waitUntil } from "@leftrail/testkit";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startChromium } from "./chromium.ts";
import { openDashboard, type Dashboard } from "./open-dashboard.ts";
import type { ClientInput } from "./page/main.ts";
import { startPageServer, type PageServer } from "./page-server.ts";
import { startStreamingFleet, type Member, type StreamingFleet } from "./streaming-fleet.ts";

/** Chromium's limit of HTTP/1.1 connections to one host, over all tabs. */
const connectionsPerHostMax = 6;

let resources: AsyncDisposableStack;
let pages: PageServer;
let fleet: StreamingFleet;
let browser: Browser;
let context: BrowserContext;
let member: Member;

beforeAll(async () => {
  resources = new AsyncDisposableStack();
  pages = resources.use(await startPageServer());
  fleet = resources.use(await startStreamingFleet({ origins: [pages.origin] }));
  browser = resources.use(await startChromium());
});
afterAll(() => resources.disposeAsync());
beforeEach(async () => {
  member = await fleet.newMember();
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  await fleet.mend();
});

/** A tab of one browser, with a stream that is open for all that it knows. */
async function openTab(input: Partial<ClientInput> = {}): Promise<Dashboard> {
  const dashboard = await openDashboard({
    context,
    origin: pages.origin,
    token: () => fleet.token(member),
  });
  await dashboard.createClient({ baseUrl: fleet.url, shareKey: member.as.userId, ...input });
  await dashboard.openStream(member.organizationId);
  await dashboard.record.untilState("open");
  await fleet.untilStreams(1);
  return dashboard;
}

async function openTabs(count: number, input?: Partial<ClientInput>): Promise<readonly Dashboard[]> {
  const tabs: Dashboard[] = [];
  while (tabs.length < count) tabs.push(await openTab(input));
  return tabs;
}

const untilAllHave = (tabs: readonly Dashboard[], id: string) =>
  Promise.all(tabs.map(({ record }) => record.untilId(id)));

test("all tabs of a user share one connection, more of them than the browser has to one host", async () => {
  const tabs = await openTabs(connectionsPerHostMax + 2);
  const ids = await fleet.publishSamples(member.organizationId);
  await untilAllHave(tabs, ids.at(-1)!);
  for (const { record } of tabs) expect(record.ids()).toEqual(ids);
  await fleet.untilStreams(1);
  expect(fleet.streamsOf(member.organizationId)).toHaveLength(1);
});

/** How the tab with the connection leaves. */
const departures = {
  "is closed": ({ page }: Dashboard) => page.close(),
  "closes its stream": ({ page }: Dashboard) => page.evaluate(() => globalThis.dashboard.closeStream()),
  "goes to another page": async ({ page }: Dashboard) => void (await page.goto("about:blank")),
  async crashes({ page }: Dashboard) {
    const crashed = new Promise((resolve) => page.once("crash", resolve));
    const session = await context.newCDPSession(page);
    // Nobody is left to answer.
    void session.send("Page.crash").catch(() => undefined);
    await crashed;
  },
};

describe("when the tab with the connection", () => {
  test.each(Object.entries(departures))(
    "%s, another goes on with it: nothing is lost or doubled",
    async (_how, leave) => {
      const [leading, ...others] = await openTabs(3);
      const publishing = fleet.publishSteadily(member.organizationId);
      await publishing.more(10);
      await untilAllHave(others, publishing.ids.at(-1)!);
      await leave(leading!);
      await waitUntil(() => fleet.streamsOf(member.organizationId).length === 2, {
        what: "another connection",
      });
      await publishing.more(10);
      await untilAllHave(others, await publishing.stop());
      for (const { record } of others) {
        expect(record.ids()).toEqual(publishing.ids);
        expect(record.gaps()).toEqual([]);
        expect(record.states()).toEqual(["open", "connecting", "open"]);
      }
      await fleet.untilStreams(1);
    },
  );
});

test("a page that is left and shown again has missed nothing, and the other tabs have not missed it", async () => {
  const [leading, other] = await openTabs(2);
  const publishing = fleet.publishSteadily(member.organizationId);
  await publishing.more(10);
  await leading!.page.goto("about:blank");
  const leftAt = publishing.ids.length;
  await other!.record.untilState("connecting");
  await other!.record.untilState("open");
  await publishing.more(10);
  // It is shown as it was, without being loaded.
  await leading!.page.goBack({ waitUntil: "commit" });
  const session = await context.newCDPSession(leading!.page);
  const idsInPage = async () => {
    const expression = "dashboard.told.filter(({ kind }) => kind === 'event').map(({ id }) => id)";
    const { result } = await session.send("Runtime.evaluate", { expression, returnByValue: true });
    return result.value as readonly string[];
  };
  await waitUntil(async () => (await idsInPage()).length > leftAt, { what: "what came meanwhile" });
  const last = await publishing.stop();
  await other!.record.untilId(last);
  await waitUntil(async () => (await idsInPage()).at(-1) === last, { what: "the last event" });
  expect(await idsInPage()).toEqual(publishing.ids);
  expect(other!.record.ids()).toEqual(publishing.ids);
  expect(other!.record.gaps()).toEqual([]);
  await fleet.untilStreams(1);
});

test("a tab that shows a dialog, and so can do nothing, is relieved of the connection, and misses nothing", async () => {
  const [blocked, other] = await openTabs(2, { hurry: 5 });
  const publishing = fleet.publishSteadily(member.organizationId);
  await publishing.more(10);
  const shown = blocked!.page.waitForEvent("dialog");
  // It goes on, if it does, when the dialog is answered.
  void blocked!.page.evaluate("alert('Nobody looks here')").catch(() => undefined);
  const dialog = await shown;
  await publishing.more(10);
  await other!.record.untilId(publishing.ids.at(-1)!);
  await dialog.accept();
  await publishing.more(10);
  await untilAllHave([blocked!, other!], await publishing.stop());
  for (const { record } of [blocked!, other!]) {
    expect(record.ids()).toEqual(publishing.ids);
    expect(record.gaps()).toEqual([]);
  }
  await fleet.untilStreams(1);
});

test("all tabs outlive the instance, and nothing is lost or doubled in any", async () => {
  const tabs = await openTabs(2);
  const publishing = fleet.publishSteadily(member.organizationId);
  await publishing.more(10);
  await fleet.crashInstanceOf(member.organizationId);
  await Promise.all(tabs.map(({ record }) => record.untilState("connecting")));
  await Promise.all(tabs.map(({ record }) => record.untilState("open")));
  await publishing.more(10);
  await untilAllHave(tabs, await publishing.stop());
  for (const { record } of tabs) {
    expect(record.ids()).toEqual(publishing.ids);
    expect(record.gaps()).toEqual([]);
  }
});

test("all tabs hear that their user is no member any more", async () => {
  const tabs = await openTabs(2);
  await fleet.sql`delete from memberships where user_id = ${member.as.userId}`;
  await Promise.all(tabs.map(({ record }) => record.untilState("revoked")));
  await fleet.untilStreams(0);
});
