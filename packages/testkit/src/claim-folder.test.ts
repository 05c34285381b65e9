import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claimFolder } from "./claim-folder.ts";

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leftrail-claim-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** Another process that claims the folder and holds it until it is killed. */
async function holdElsewhere(dir: string) {
  const module = JSON.stringify(new URL("claim-folder.ts", import.meta.url).href);
  const script = `import { claimFolder } from ${module};
    claimFolder(${JSON.stringify(dir)});
    console.log("claimed");
    setInterval(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      if (child.signalCode === null) await once(child, "exit");
    },
  };
}

const release = (claim: ReturnType<typeof claimFolder>): void => {
  expect(claim).not.toHaveProperty("heldByPid");
  if (!("heldByPid" in claim)) claim[Symbol.dispose]();
};

test("a folder is claimed once, and is free again when the claim is disposed of", async () => {
  const dir = await makeDir();
  const first = claimFolder(dir);
  expect(claimFolder(dir)).toEqual({ heldByPid: process.pid });
  release(first);
  release(claimFolder(dir));
});

test("a folder that another process holds is refused by its pid, and free once that was killed", async () => {
  const dir = await makeDir();
  {
    await using holder = await holdElsewhere(dir);
    expect(claimFolder(dir)).toEqual({ heldByPid: holder.pid });
    expect(claimFolder(dir)).toEqual({ heldByPid: holder.pid });
  }
  release(claimFolder(dir));
});

test("two folders are claimed apart", async () => {
  const [one, other] = [claimFolder(await makeDir()), claimFolder(await makeDir())];
  release(one);
  release(other);
});

test("a folder that is not there is an error, not somebody's claim", async () => {
  const dir = await makeDir();
  expect(() => claimFolder(join(dir, "missing"))).toThrow("unable to open");
});
