import { publishedEvents } from "@leftrail/contract";
import { waitUntil } from "@leftrail/testkit";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callAs, organizationIds } from "./set-up/call-as.ts";
import { paste, run, startLeftrail, type Leftrail } from "./set-up/run-leftrail.ts";
import { makeWorkFolder, type WorkFolder } from "./set-up/work-folder.ts";

let folder: WorkFolder;
let leftrail: Leftrail;

beforeAll(async () => {
  folder = await makeWorkFolder();
  leftrail = await startLeftrail({ cwd: folder.path, args: ["--memory"] });
});
afterAll(async () => {
  await leftrail[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const demo = (...args: readonly string[]) =>
  run("demo-events-cli.ts", {
    cwd: folder.path,
    args,
    env: { PORT: new URL(leftrail.url).port },
  });

async function overrides(): Promise<readonly unknown[]> {
  const ops = await callAs(leftrail.url, "ops");
  const { acme } = await organizationIds(await callAs(leftrail.url, "alice"));
  const { data } = (await (await ops.get(`/v1/overrides?tenant_id=${acme}`)).json()) as { data: unknown[] };
  return data;
}

test("one run by default: it tells of every event that it sends, then ends and leaves nothing behind", async () => {
  await using cli = demo("--speed", "1000");
  expect(await cli.ended).toBe(0);
  expect(cli.stderr).toBe("");
  for (const type of Object.keys(publishedEvents))
    expect(cli.stdout).toMatch(new RegExp(`^${type} +\\S`, "m"));
  for (const severity of ["low", "medium", "high", "critical"]) {
    expect(cli.stdout).toMatch(new RegExp(`^change\\.detected +${severity}, `, "m"));
  }
  expect(await overrides()).toEqual([]);
});

test("whoever pastes its line sees every published type", async () => {
  await using cli = demo("--loop", "--speed=20");
  const [line] = await cli.printed(/^ {2}curl -N .*$/m);
  const types = Object.keys(publishedEvents);
  const seen = await Promise.all(
    types.map((type) => paste(`${line} | grep -E -m 1 '^event: ?${type.replaceAll(".", "\\.")}$'`)),
  );
  expect(seen.map((text) => text.trim().replace(/^event: ?/, ""))).toEqual(types);
  expect(cli.stdout).not.toMatch(/eyJ|st_/);
});

test("Ctrl-C ends a loop at once, and takes back what it set up", async () => {
  await using cli = demo("--loop", "--speed", "5");
  await cli.printed(/an override was set/);
  await waitUntil(async () => (await overrides()).length === 1, { what: "the override to be there" });
  cli.kill("SIGINT");
  expect(await cli.ended).toBe(0);
  expect(cli.stderr).toBe("");
  expect(await overrides()).toEqual([]);
});

test("another organization is played on by slug or id, with whom may watch it", async () => {
  const { umbrella = "" } = await organizationIds(await callAs(leftrail.url, "carol"));
  for (const org of ["umbrella", umbrella, umbrella.toUpperCase()]) {
    await using cli = demo("--org", org, "--speed", "1000");
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toMatch(new RegExp(`Umbrella Group[^]*as carol[^]*org_id=${umbrella}`));
  }
});

test.each([
  [["--org", "acmee"], /^There is no organization acmee\. .*acme and umbrella\.\n$/],
  [["--org", "no slug/.."], /^There is no organization no slug/],
  [["--token", "wrong"], /^http:\S+ does not take this internal token \(401\)\. Leave --token out/],
  [["--speed", "x"], /^--speed must be a number above 0/],
  [
    ["--url", "http://127.0.0.1:1"],
    /^No Leftrail answers at http:\/\/127\.0\.0\.1:1\. Start it with: pnpm dev\n$/,
  ],
])("%j ends with 1 and says what to do", async (args, message) => {
  await using cli = demo(...args);
  expect(await cli.ended).toBe(1);
  expect(cli.stderr).toMatch(message);
  expect(cli.stderr).not.toMatch(/^\s+at /m);
  expect(cli.stdout).not.toMatch(/^run\.stage/m);
});

test("what is no Leftrail for development is told apart from one that does not run", async () => {
  const server = createServer((_request, response) => response.end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await using cli = demo("--url", `http://127.0.0.1:${port}`);
  expect(await cli.ended).toBe(1);
  expect(cli.stderr).toMatch(/is no Leftrail for development\. Start one with: pnpm dev\n$/);
  server.close();
});
