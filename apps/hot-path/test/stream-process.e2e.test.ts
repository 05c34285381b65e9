import { startTestAuth } from "@leftrail/auth/testing";
import { demoUsers } from "@leftrail/store";
import { openSse, startService, waitUntil, type SseReader } from "@leftrail/testkit";
import { expect, test } from "vitest";

const entry = new URL("../src/main.ts", import.meta.url);

test("on SIGTERM a process ends its streams one after another, and then itself, in order", async () => {
  await using auth = await startTestAuth();
  const token = (await auth.bearer(demoUsers.alice)).slice("Bearer ".length);
  const env = { AUTH_ISSUERS: auth.setting, STREAM_MAX_PER_USER: "100", STREAM_DRAIN_SECONDS: "2" };
  await using service = await startService({ entry, env, name: "the hot path" });
  const url = `${service.url}/v1/stream?token=${token}`;
  await waitUntil(async () => (await fetch(`${service.url}/readyz`)).status === 200, { what: "readiness" });
  const readers: SseReader[] = [];
  for (let count = 0; count < 100; count++) readers.push(await openSse(url));
  expect(new Set(readers.map(({ end }) => end))).toEqual(new Set([undefined]));
  service.kill("SIGTERM");
  const seen = new Set<number>();
  const countEnded = () => readers.filter(({ end }) => end !== undefined).length;
  await waitUntil(() => seen.add(countEnded()).has(100), { what: "all ends", intervalMs: 5 });
  expect(seen.size).toBeGreaterThan(8);
  expect(new Set(readers.map(({ end }) => end))).toEqual(new Set(["end"]));
  expect(await service.exited).toEqual({ code: 0, signal: null });
  expect(service.log()).not.toContain("drain timeout");
  expect(service.log()).not.toContain(token.slice(0, 40));
});
