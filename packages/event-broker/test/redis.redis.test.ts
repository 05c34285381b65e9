import { startTestRedis, type TestRedis } from "@leftrail/testkit";
import { afterAll, beforeAll } from "vitest";
import { onRedis } from "./brokers.ts";
import { publishingSuite } from "./suites/publishing.ts";
import { randomSchedules } from "./suites/random-schedules.ts";
import { resumingSuite } from "./suites/resuming.ts";
import { subscribingSuite } from "./suites/subscribing.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await startTestRedis();
});
afterAll(() => server[Symbol.asyncDispose]());

const kind = onRedis(() => server);
publishingSuite(kind);
resumingSuite(kind);
subscribingSuite(kind);
randomSchedules(kind, 30);
