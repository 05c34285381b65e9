import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { runCommand } from "./run-command.ts";

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

test("a command ends with the process that ran it, and may clear up before", async () => {
  const dir = await mkdtemp(join(tmpdir(), "leftrail-command-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const command = `trap 'touch cleared-up; exit' INT; touch began; while :; do sleep 0.01; done`;
  const module = JSON.stringify(new URL("run-command.ts", import.meta.url).href);
  const script = `import { runCommand } from ${module};
    void runCommand("bash", ["-c", ${JSON.stringify(command)}], { cwd: ${JSON.stringify(dir)} });
    process.stdin.once("data", () => process.exit(5));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script]);
  await vi.waitUntil(() => existsSync(join(dir, "began")));
  child.stdin.write("exit");
  expect(await once(child, "exit")).toEqual([5, null]);
  await vi.waitUntil(() => existsSync(join(dir, "cleared-up")));
});
