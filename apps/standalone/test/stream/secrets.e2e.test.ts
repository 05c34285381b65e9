import { newUser } from "@leftrail/auth/testing";
import { createTestDatabase, openSse, waitUntil } from "@leftrail/testkit";
import { connect } from "node:net";
import { expect, inject, test } from "vitest";
import { internalToken, startStreamFleet } from "../set-up/stream-fleet.ts";
import { publishUntilTaken } from "../set-up/stream-ledger.ts";

/** What a process's log is kept of; a longer one has lost its beginning. */
const logLengthMax = 256 * 1024;

/** Every command that Redis is told. */
async function monitorRedis(url: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let commands = "";
  socket.setEncoding("utf8").on("data", (text: string) => (commands += text));
  socket.on("error", () => undefined);
  socket.write("MONITOR\r\n");
  await waitUntil(() => commands.startsWith("+OK"), { what: "the monitor" });
  return { commands: () => commands, [Symbol.dispose]: () => void socket.destroy() };
}

test("no access token, ticket or internal token stands in any log, metric, answer or command to Redis, whatever is asked and whatever fails", async () => {
  await using database = await createTestDatabase(inject("postgres"));
  await using fleet = await startStreamFleet({
    databaseUrl: database.url,
    hotPaths: [{ STREAM_DRAIN_SECONDS: "1" }, {}],
  });
  using readers = new DisposableStack();
  const [first, second] = fleet.hotPaths;
  const processes = [...fleet.hotPaths, ...fleet.controlPlanes];
  const { id, as } = await fleet.givenOrganization();
  const stranger = newUser();
  const tokenOf = async (user: typeof as) => (await fleet.auth.bearer(user)).slice("Bearer ".length);
  const token = await tokenOf(as);
  const foreign = await tokenOf(stranger);
  const expired = await tokenOf({ ...as, claims: { exp: Math.floor(Date.now() / 1_000) - 3_600 } });
  const ending = await tokenOf({ ...as, claims: { exp: Math.floor(Date.now() / 1_000) + 20 } });
  const wrongTicket = `st_${"wrong".repeat(8)}tic`;
  const wrongInternal = "another-internal-token-which-is-wrong";

  using monitor = await monitorRedis(fleet.redis.url);
  const ticket = await fleet.issueTicket(first!, id, as);
  const tokens = [token, foreign, expired, ending, ticket, wrongTicket];
  const secrets = [...tokens, internalToken, wrongInternal];

  const ticketBody = JSON.stringify({ organizationId: id });
  const answers: string[] = [];
  const keep = async (response: Response): Promise<void> => {
    const headers = [...response.headers].flat().join(" ");
    answers.push(`${response.status} ${headers} ${await response.text()}`);
  };
  const ask = async (url: string, init?: RequestInit): Promise<void> => keep(await fetch(url, init));
  const open = async (at: typeof first, secret: string, header?: string): Promise<void> => {
    const url = `${at!.url}/v1/stream?org_id=${id}&token=${secret}`;
    const headers = header === undefined ? {} : { Authorization: `Bearer ${header}` };
    const reader = readers.use(await openSse(url, { headers }));
    // Of one that stays open, what has come by then.
    answers.push(`${reader.status} ${JSON.stringify(reader.headers)} ${reader.text}`);
  };
  const askAll = async (): Promise<void> => {
    for (const secret of secrets) {
      for (const hotPath of [first, second]) {
        await open(hotPath, secret);
        await open(hotPath, secret, token);
      }
      const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
      const inPath = encodeURIComponent(secret);
      for (const { url } of processes) {
        await ask(`${url}/v1/organizations?token=${inPath}`, { headers });
        await ask(`${url}/v1/organizations/${id}/features?explain=${inPath}`, { headers });
        await ask(`${url}/v1/stream?events=${inPath}&org_id=${inPath}&last_event_id=${inPath}`, { headers });
        await ask(`${url}/v1/stream?token=${inPath}&token=${inPath}`);
        await ask(`${url}/v1/stream/tickets?ticket=${inPath}`, { method: "POST", headers, body: "{" });
        await ask(`${url}/v1/stream/tickets`, { method: "POST", headers, body: ticketBody });
        await ask(`${url}/v1/internal/events?token=${inPath}`, { method: "POST", headers, body: "{}" });
        await ask(`${url}/v1/tenants?token=${inPath}`, { headers });
      }
    }
  };

  await askAll();
  await publishUntilTaken(fleet, id, { sender: "test", number: 0 });
  expect(monitor.commands()).toContain("stream-ticket:");
  // Whatever needs Redis fails: first by its own word, which comes with the command, then for it is gone.
  await fleet.redisClient.config("SET", "maxmemory", "1");
  await askAll();
  await keep(await fleet.publish(id, { sender: "test", number: 1 }));
  await fleet.redis.stop();
  await askAll();
  await keep(await fleet.publish(id, { sender: "test", number: 1 }));
  await fleet.redis.start();
  await publishUntilTaken(fleet, id, { sender: "test", number: 2 });
  const metrics = await Promise.all(processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  first!.kill("SIGTERM");
  await waitUntil(() => first!.log().includes("draining"), { what: "the drain" });
  await first!.exited;
  // All of it was tried.
  expect(new Set(answers.map((answer) => answer.slice(0, 3)))).toEqual(
    new Set(["200", "201", "400", "401", "403", "404", "503"]),
  );

  // The parts of a token that tell anything, however it was written.
  const parts = secrets.flatMap((secret) => secret.replace(/^st_/, "").split("."));
  const telling = parts.filter((part) => part.length > 20 && !part.startsWith("eyJhbGciOi"));
  expect(telling.length).toBeGreaterThanOrEqual(secrets.length);
  const places = {
    logs: processes.map((each) => each.log()),
    metrics,
    answers,
    commands: [monitor.commands()],
  };
  for (const log of places.logs) expect(log.length).toBeLessThan(logLengthMax);
  for (const [place, texts] of Object.entries(places)) {
    const found = texts.filter((text) => telling.some((part) => text.includes(part)));
    expect([place, found]).toEqual([place, []]);
  }
});
