import { newUser } from "@leftrail/auth/testing";
import { ProblemError } from "@leftrail/contract";
import { foundOf, type Tier } from "@leftrail/read-cache";
import { memoryHarness } from "@leftrail/store/testing";
import { expect, test } from "vitest";
import { startHotPath } from "./call-hot-path.ts";

const found = foundOf('{"organizations":[]}');

test.each<[Tier, string]>([
  ["l1", "leftrail; hit; detail=l1"],
  ["l2", "leftrail; hit; detail=l2"],
  ["stale", "leftrail; hit; detail=stale"],
  ["miss", "leftrail; fwd=miss"],
])("what comes from %s says so", async (tier, cacheStatus) => {
  await using harness = await memoryHarness();
  const cache = { hit: () => undefined, read: async () => ({ ...found, tier }) };
  await using hotPath = await startHotPath(harness, { cache });
  const answer = await hotPath.call("GET", "/v1/organizations", { as: newUser() });
  expect(answer).toMatchObject({ status: 200, body: { organizations: [] } });
  expect(answer.headers.get("cache-status")).toBe(cacheStatus);
  expect(answer.headers.get("etag")).toBe(found.etag);
  const { text } = await hotPath.call("GET", "/metrics");
  expect(text).toContain(`leftrail_reads_total{route="/v1/organizations",tier="${tier}"} 1\n`);
});

test("503 with Retry-After, and nothing that could be kept, when no tier has an answer", async () => {
  await using harness = await memoryHarness();
  const read = () => Promise.reject(new ProblemError("unavailable", "Not now.", { retryAfterSeconds: 1 }));
  await using hotPath = await startHotPath(harness, { cache: { hit: () => undefined, read } });
  const answer = await hotPath.call("GET", "/v1/organizations", { as: newUser() });
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(answer.headers.get("retry-after")).toBe("1");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.has("etag")).toBe(false);
});
