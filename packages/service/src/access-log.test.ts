import { ProblemError } from "@leftrail/contract";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { memoryLogger, testService } from "../test/test-service.ts";
import { accessLog, loggedPathLengthMax } from "./access-log.ts";
import { createLogger } from "./logger.ts";

interface Env {
  Variables: { requestId: string; principal: unknown };
}

const service = () =>
  testService((app) => {
    app.use("/v1/*", async (c, next) => {
      if (c.req.header("Authorization") === undefined) throw new ProblemError("unauthenticated", "no");
      await next();
    });
    app.get("/v1/things/:id", (c) => c.text("thing"));
    app.get("/fails", () => {
      throw new Error("boom");
    });
    app.get("/healthz", (c) => c.text("ok"));
  });

describe("access log", () => {
  it("a request is one line with its route, without query, headers or body", async () => {
    const { app, lines, entries } = service();
    await app.request("/v1/things/7?token=s3cret", { headers: { Authorization: "Bearer s3cret" } });
    expect(entries()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        name: "test",
        requestId: expect.any(String),
        method: "GET",
        path: "/v1/things/7",
        route: "/v1/things/:id",
        status: 200,
        durationMs: expect.any(Number),
        msg: "request",
      },
    ]);
    expect(lines.join("")).not.toContain("s3cret");
  });

  it.each([
    ["/fails", "error", 500, "/fails"],
    ["/healthz", "debug", 200, "/healthz"],
    ["/nowhere", "info", 404, "unmatched"],
    ["/v1/things/7", "info", 401, "/v1/things/:id"],
    ["/v1/nowhere", "info", 401, "unmatched"],
  ])("%s is logged as %s with status %i and route %s", async (path, level, status, route) => {
    const { app, entries } = service();
    await app.request(path);
    expect(entries().at(-1)).toMatchObject({ level, status, route, path });
  });

  it("a path can't forge a line and is cut at its limit", async () => {
    const { app, lines, entries } = service();
    await app.request(`/%0A%22%7D%7B${"x".repeat(2000)}`);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain("\n");
    expect(String(entries()[0]?.["path"])).toHaveLength(loggedPathLengthMax);
  });

  it.each([
    [{ kind: "user", userId: "u-1" }, "u-1"],
    [{ kind: "internal" }, undefined],
    [{ userId: 5 }, undefined],
    [undefined, undefined],
  ])("principal %o is logged as user %s, with the given clock's duration", async (principal, userId) => {
    const { logger, entries } = memoryLogger();
    let nowMs = 100;
    const app = new Hono<Env>().use(accessLog(logger, () => nowMs)).get("/", (c) => {
      c.set("principal", principal);
      nowMs += 12.5;
      return c.text("ok");
    });
    await app.request("/");
    expect(entries()[0]?.["userId"]).toBe(userId);
    expect(entries()[0]?.["durationMs"]).toBe(12.5);
  });
});

describe("logger", () => {
  it("redacts known secret fields at the top and one level below", () => {
    const { logger, lines } = memoryLogger();
    logger.info({ token: "s3cret", headers: { authorization: "s3cret" } }, "x");
    expect(lines[0]).not.toContain("s3cret");
  });

  it("logs an error without the data that hangs on it", () => {
    const { logger, entries } = memoryLogger();
    const error = Object.assign(new Error("failed"), {
      code: "23505",
      query: "s3cret",
      parameters: ["s3cret"],
    });
    logger.error({ err: error }, "x");
    expect(entries()[0]?.["err"]).toEqual({
      type: "Error",
      message: "failed",
      code: "23505",
      stack: error.stack,
    });
  });

  it("follows a circle of causes only so far", () => {
    const { logger, lines } = memoryLogger();
    const error = new Error("round");
    error.cause = error;
    logger.error({ err: error }, "x");
    expect(lines[0]?.match(/"message":"round"/g)).toHaveLength(6);
    logger.error({ err: "s3cret" }, "x");
    expect(lines[1]).not.toContain("s3cret");
  });

  it("is silent below its level", () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ level: "warn", name: "n", destination });
    logger.info("no");
    logger.warn("yes");
    expect(lines).toHaveLength(1);
  });
});
