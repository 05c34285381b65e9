import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startService, type ServiceExit, type ServiceOptions } from "./service-process.ts";
import { waitUntil } from "./wait-until.ts";

/** A service that logs as ours do, tells its environment, and stops when asked to. */
const wellBehaved = `
import { createServer } from "node:http";
const server = createServer((request, response) => {
  console.error("asked for " + request.url);
  response.end(JSON.stringify(process.env));
});
process.once("SIGTERM", () => {
  console.log("draining");
  server.close();
  server.closeAllConnections();
});
server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log(JSON.stringify({ url: "http://127.0.0.1:" + server.address().port, msg: "listening" }));
});`;

const stubborn = `${wellBehaved}
process.removeAllListeners("SIGTERM").on("SIGTERM", () => console.log("no"));`;

async function start(source: string, options: Partial<ServiceOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), "leftrail-service-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const entry = join(dir, "main.mjs");
  await writeFile(entry, source);
  return startService({ entry, env: {}, name: "the example", ...options });
}

test("it serves at its URL with the environment that it was given and no other", async () => {
  await using service = await start(wellBehaved, { env: { COLOUR: "green" } });
  expect(await (await fetch(`${service.url}/path`)).json()).toEqual({
    COLOUR: "green",
    HOST: "127.0.0.1",
    PORT: "0",
  });
  await waitUntil(() => service.log().includes("asked for /path"), { what: "the log" });
  expect(service.log()).toContain('"msg":"listening"');
  expect(process.kill(service.pid, 0)).toBe(true);
});

test("an entry may be a URL", async () => {
  const dir = await mkdtemp(join(tmpdir(), "leftrail service-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "main.mjs"), wellBehaved);
  await using service = await start("", { entry: pathToFileURL(join(dir, "main.mjs")) });
  expect((await fetch(service.url)).status).toBe(200);
});

test("its disposal asks it to end and waits for it, frozen or not", async () => {
  for (const isFrozen of [false, true]) {
    const exits: ServiceExit[] = [];
    const service = await start(wellBehaved, { onExit: (exit) => exits.push(exit) });
    if (isFrozen) await service.freeze();
    await service[Symbol.asyncDispose]();
    expect(exits).toEqual([{ code: 0, signal: null }]);
    expect(service.log()).toMatch(/draining\n$/);
  }
});

test("one that does not end when asked to is killed after its time", async () => {
  const service = await start(stubborn, { stopTimeoutMs: 100 });
  await service[Symbol.asyncDispose]();
  expect(await service.exited).toEqual({ code: null, signal: "SIGKILL" });
  expect(service.log()).toMatch(/no\n$/);
});

test("a kill ends it at once, and its disposal after that is none", async () => {
  await using service = await start(wellBehaved);
  service.kill("SIGKILL");
  expect(await service.exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("a frozen one answers once it is thawed", async () => {
  await using service = await start(wellBehaved);
  await using other = await start(wellBehaved);
  await service.freeze();
  const answer = fetch(service.url).then(({ status }) => status);
  expect((await fetch(other.url)).status).toBe(200);
  expect(await Promise.race([answer, Promise.resolve("no answer")])).toBe("no answer");
  service.thaw();
  expect(await answer).toBe(200);
});

test("one that ends before it serves is an error with its name and all it said", async () => {
  const failing = start(`console.log("on out"); console.error("on err"); process.exitCode = 3;`);
  await expect(failing).rejects.toThrow(/the example ended early.*: [^]*on out/);
  await expect(failing).rejects.toThrow("on err");
});
