import { once } from "node:events";
import { rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { callAs, callWith, organizationIds } from "./set-up/call-as.ts";
import { holdRequest } from "./set-up/request-in-hand.ts";
import { run, startLeftrail, type RunOptions } from "./set-up/run-leftrail.ts";
import { isAlive, makeWorkFolder, type WorkFolder } from "./set-up/work-folder.ts";

const startTimeoutMs = 30_000;
const tookOver = "took over the database of a run that was killed";

describe("pnpm dev on the data of an earlier run", { timeout: startTimeoutMs }, () => {
  let folder: WorkFolder;
  let here: RunOptions;
  /** What the first run made and every later one must find. */
  let kept: { token: string; ids: Record<string, string>; keys: unknown };

  const keysOf = async (url: string): Promise<unknown> => (await fetch(`${url}/dev/jwks.json`)).json();

  /** Starts, holds what it shows against the first run, and stops; what stood on the way is the caller's. */
  async function expectKeptData(): Promise<string> {
    await using leftrail = await startLeftrail(here);
    expect(await organizationIds(callWith(leftrail.url, kept.token))).toEqual(kept.ids);
    expect(await keysOf(leftrail.url)).toEqual(kept.keys);
    leftrail.kill("SIGINT");
    expect(await leftrail.ended).toBe(0);
    expect(await folder.postmasterPid()).toBeUndefined();
    return leftrail.stdout;
  }

  async function postmaster(): Promise<number> {
    const pid = await folder.postmasterPid();
    if (pid === undefined) throw new Error("no database server runs");
    expect(isAlive(pid)).toBe(true);
    return pid;
  }

  const gone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false));

  beforeAll(async () => {
    folder = await makeWorkFolder();
    here = { cwd: folder.path };
    await using first = await startLeftrail(here);
    const carol = await callAs(first.url, "carol");
    kept = { token: carol.token, ids: await organizationIds(carol), keys: await keysOf(first.url) };
    expect(Object.keys(kept.ids)).toEqual(["acme", "umbrella"]);
  }, startTimeoutMs);
  afterAll(() => folder[Symbol.asyncDispose](), startTimeoutMs);

  test("the tenants and the issuer's keys are the same, and an old token still works", async () => {
    expect(await expectKeptData()).not.toContain(tookOver);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s answers the request in flight, stops the database, and exits with 0",
    async (signal) => {
      await using leftrail = await startLeftrail(here);
      const pid = await postmaster();
      const { token } = await callAs(leftrail.url, "carol");
      using held = await holdRequest(`${leftrail.url}/v1/catalog/trial-request`, token);
      leftrail.kill(signal);
      await leftrail.printed(/Stopping\./);
      const body = { tenant_id: kept.ids["umbrella"], product: "ai-chat" };
      expect(await held.finish(body)).toBe(signal === "SIGINT" ? 201 : 409);
      expect(await leftrail.ended).toBe(0);
      expect(leftrail.stderr).toBe("");
      await gone(pid);
    },
  );

  test("the database of a run that was killed is taken over, with a word, and stopped at the end", async () => {
    await using killed = await startLeftrail(here);
    const pid = await postmaster();
    killed.kill("SIGKILL");
    expect(await killed.ended).toBe("SIGKILL");
    expect(isAlive(pid)).toBe(true);
    expect(await expectKeptData()).toContain(tookOver);
    await gone(pid);
  });

  test("a run and its database, both killed, leave nothing that stops the next", async () => {
    await using killed = await startLeftrail(here);
    const pid = await postmaster();
    killed.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await killed.ended;
    await gone(pid);
    expect(await folder.postmasterPid()).toBe(pid);
    expect(await expectKeptData()).not.toContain(tookOver);
  });

  test("a stale lock that names a live process, which is no Postgres, is no obstacle", async () => {
    const lines = [
      process.pid,
      `${folder.dataDir}/postgres`,
      1_700_000_000,
      1,
      "",
      "127.0.0.1",
      "1 1",
      "ready",
    ];
    await writeFile(join(folder.dataDir, "postgres/postmaster.pid"), lines.join("\n"));
    expect(await expectKeptData()).not.toContain(tookOver);
  });

  test("a second run on the same folder is refused, names the first, and does it no harm", async () => {
    await using first = await startLeftrail(here);
    const pid = await postmaster();
    await using second = run("main.ts", here);
    expect(await second.ended).toBe(1);
    expect(second.stdout).toBe("");
    expect(second.stderr).toBe(
      `Leftrail runs on the data in .leftrail already (process ${first.pid}). Stop that one first.\n`,
    );
    expect(await postmaster()).toBe(pid);
    expect(await organizationIds(callWith(first.url, kept.token))).toEqual(kept.ids);
  });

  test("a taken port is refused by its number and PORT, and no database is left running", async () => {
    await using taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    await using refused = run("main.ts", { ...here, env: { PORT: String(port) } });
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toBe(
      `Port ${port} of 127.0.0.1 is taken by another process: set PORT to a free one.\n`,
    );
    expect(await folder.postmasterPid()).toBeUndefined();
  });

  test("a server that does not start on the data is an error, never an empty database", async () => {
    const broken = join(folder.dataDir, "postgres/postgresql.auto.conf");
    await writeFile(broken, "no_such_setting = 1\n");
    await using refused = run("main.ts", here);
    expect(await refused.ended).toBe(1);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toContain("does not start. Its data is untouched");
    expect(refused.stderr).toContain("no_such_setting");
    expect(refused.stderr).not.toMatch(/^\s+at /m);
    await writeFile(broken, "");
    await expectKeptData();
  });

  test("a database whose password is lost is refused, and no server is left running", async () => {
    const file = join(folder.dataDir, "postgres-password");
    await rename(file, `${file}.away`);
    await using refused = run("main.ts", here);
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toContain("password authentication failed");
    expect(refused.stderr).toContain("Its data is untouched");
    expect(refused.stderr).not.toMatch(/^\s+at /m);
    expect(await folder.postmasterPid()).toBeUndefined();
    await rm(file);
    await rename(`${file}.away`, file);
    await expectKeptData();
  });
});
