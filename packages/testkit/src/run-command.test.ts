import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { runCommand } from "./run-command.ts";
import { waitUntil } from "./wait-until.ts";

test("a command's exit code and all it said come back", async () => {
  expect(await runCommand("sh", ["-c", "echo out; echo err >&2; exit 3"])).toEqual({
    exitCode: 3,
    output: expect.stringMatching(/^(?:out\nerr|err\nout)$/),
  });
});

test("a command that a signal ends has no exit code", async () => {
  expect(await runCommand("sh", ["-c", "kill -9 $$"])).toMatchObject({ exitCode: null });
});

test("a command that isn't there is an error that names it", async () => {
  await expect(runCommand("leftrail-no-such-command", [])).rejects.toThrow("leftrail-no-such-command");
});

test("of a long output the end is kept", async () => {
  const { output } = await runCommand("sh", ["-c", "yes | head -n 50000; echo the end"]);
  expect(output).toMatch(/y\nthe end$/);
  expect(output.length).toBeLessThanOrEqual(16 * 1024);
});

test("a command that leaves a daemon behind is not waited for longer than itself", async () => {
  const { output } = await runCommand("sh", ["-c", "sleep 60 & echo $!"]);
  expect(process.kill(Number(output), "SIGKILL")).toBe(true);
});

test("a command does not feel the Ctrl-C of the terminal, and ends when it is done", async () => {
  const dir = await makeDir();
  const child = runElsewhere(dir, "touch began; until [ -e enough ]; do sleep 0.01; done; echo done");
  await waitUntil(() => existsSync(join(dir, "began")), { what: `the command to say "began"` });
  // To the whole group, as a terminal does it.
  process.kill(-(child.pid ?? 0), "SIGINT");
  await writeFile(join(dir, "enough"), "");
  expect(await text(child.stdout)).toBe('{"exitCode":0,"output":"done"}\n');
});

test("a command ends with the process that ran it, and may clear up before", async () => {
  const dir = await makeDir();
  const child = runElsewhere(
    dir,
    "trap 'touch cleared-up; exit' INT; touch began; while :; do sleep 0.01; done",
  );
  await waitUntil(() => existsSync(join(dir, "began")), { what: `the command to say "began"` });
  child.stdin.write("exit");
  expect(await once(child, "exit")).toEqual([5, null]);
  await waitUntil(() => existsSync(join(dir, "cleared-up")), { what: `the command to say "cleared-up"` });
});

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leftrail-command-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** A process that leads its own group, survives Ctrl-C, runs the command and exits with 5 when told so. */
function runElsewhere(cwd: string, command: string) {
  const module = JSON.stringify(new URL("run-command.ts", import.meta.url).href);
  const script = `import { runCommand } from ${module};
    process.on("SIGINT", () => undefined);
    process.stdin.once("data", () => process.exit(5)).unref();
    console.log(JSON.stringify(await runCommand("bash", ["-c", ${JSON.stringify(command)}])));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { cwd, detached: true });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}
