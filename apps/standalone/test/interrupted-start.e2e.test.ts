import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test, vi } from "vitest";
import { callAs } from "./set-up/call-as.ts";
import { holdRequest } from "./set-up/request-in-hand.ts";
import { run, startLeftrail } from "./set-up/run-leftrail.ts";
import { isAlive, makeWorkFolder } from "./set-up/work-folder.ts";

const timeout = 40_000;
/** The moments of a first start, told by what it has put into its folder. */
const moments: Record<string, (dataDir: string) => boolean> = {
  "when it has its folder": (dataDir) => existsSync(dataDir),
  "while initdb makes the cluster": (dataDir) =>
    existsSync(dataDir) && readdirSync(dataDir).some((name) => name.startsWith("postgres.new-")),
  "while the server starts": (dataDir) => existsSync(join(dataDir, "postgres/postmaster.pid")),
  "while dbmate migrates": (dataDir) => lockOf(dataDir).includes("ready"),
  "while the demo data is made": (dataDir) => existsSync(join(dataDir, "key-pepper")),
};

const lockOf = (dataDir: string): string => {
  const file = join(dataDir, "postgres/postmaster.pid");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
};

test.concurrent.for(Object.keys(moments))(
  "Ctrl-C %s stops a first start without a word of failure, a server or a broken folder",
  { timeout },
  async (moment, { expect }) => {
    await using folder = await makeWorkFolder();
    await using interrupted = run("main.ts", { cwd: folder.path, ownGroup: true });
    await vi.waitUntil(() => moments[moment]?.(folder.dataDir), { interval: 1, timeout: 15_000 });
    const pid = await folder.postmasterPid();
    interrupted.interruptGroup();
    expect(await interrupted.ended).toBe(0);
    expect({ stdout: interrupted.stdout, stderr: interrupted.stderr }).toEqual({
      stdout: "Stopping.\n",
      stderr: "",
    });
    expect(await folder.postmasterPid()).toBeUndefined();
    if (pid !== undefined) await vi.waitUntil(() => !isAlive(pid));
    expect(readdirSync(folder.dataDir).filter((name) => name.startsWith("postgres.new-"))).toEqual([]);

    await using next = await startLeftrail({ cwd: folder.path });
    expect(next.stdout).toContain("(store: postgres)");
    expect((await fetch(`${next.url}/readyz`)).status).toBe(200);
  },
);

test.concurrent(
  "a second Ctrl-C exits at once, and the database stops all the same",
  { timeout },
  async ({ expect }) => {
    await using folder = await makeWorkFolder();
    await using leftrail = await startLeftrail({ cwd: folder.path, ownGroup: true });
    const pid = (await folder.postmasterPid()) ?? 0;
    const { token } = await callAs(leftrail.url, "alice");
    // A graceful stop would wait for it.
    using _held = await holdRequest(`${leftrail.url}/v1/catalog/trial-request`, token);
    leftrail.interruptGroup();
    await leftrail.printed(/Stopping/);
    leftrail.interruptGroup();
    expect(await leftrail.ended).toBe(130);
    // At once, while the server may still be at its last checkpoint.
    await using next = await startLeftrail({ cwd: folder.path });
    expect(next.stdout).toContain("(store: postgres)");
    expect(next.stdout).not.toContain("took over");
    expect(isAlive(pid)).toBe(false);
  },
);
