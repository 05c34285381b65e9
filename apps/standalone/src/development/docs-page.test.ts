import type { ServiceEnv } from "@leftrail/service";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { mountDocs } from "./docs-page.ts";

test("the reference page and all that it loads come from here, with both documents", async () => {
  const app = new Hono<ServiceEnv>();
  mountDocs(app);
  const page = await (await app.request("/docs")).text();
  const script = await (await app.request("/docs/initializer.js")).text();
  const loaded = [...`${page}${script}`.matchAll(/(?:href|src|url)(?:=|: )"([^"]+)"/g)].map(
    ([, url]) => url ?? "",
  );
  expect(loaded).toHaveLength(7);
  for (const url of loaded) {
    expect(url).toMatch(/^\/docs\//);
    expect((await app.request(url)).status, url).toBe(200);
  }
  expect(page).not.toContain("://");
  expect(script).not.toContain("://");
});
