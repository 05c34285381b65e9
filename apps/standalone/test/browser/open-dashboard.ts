import type { BrowserContext, Page } from "playwright-core";
import type { ClientInput } from "./page/main.ts";
import { createRecord, type StreamRecord } from "./record.ts";

/** A page with a dashboard, in a tab of its own. */
export interface Dashboard {
  readonly page: Page;
  readonly record: StreamRecord;
  createClient(input: ClientInput): Promise<void>;
  openStream(organizationId: string): Promise<void>;
  openEventSource(url: string, types: readonly string[]): Promise<void>;
}

export interface DashboardOptions {
  readonly context: BrowserContext;
  readonly origin: string;
  /** Of the user who is logged in; asked as the client asks for it. */
  readonly token: (refused: string | undefined) => Promise<string>;
}

export async function openDashboard({ context, origin, token }: DashboardOptions): Promise<Dashboard> {
  const page = await context.newPage();
  const record = createRecord();
  await page.exposeFunction("tellTest", record.tell);
  await page.exposeFunction("tokenFromTest", token);
  await page.goto(origin);
  return {
    page,
    record,
    createClient: (input) => page.evaluate((given) => globalThis.dashboard.createClient(given), input),
    openStream: (id) => page.evaluate((given) => globalThis.dashboard.openStream(given), id),
    openEventSource: (url, types) =>
      page.evaluate((given) => globalThis.dashboard.openEventSource(given), { url, types }),
  };
}
