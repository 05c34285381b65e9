import { ProblemError, problemCodes, problemSchema, type ProblemCode } from "@leftrail/contract";
import { HTTPException } from "hono/http-exception";
import { describe, expect, it } from "vitest";
import { testService } from "../test/test-service.ts";
import { problemResponse, toProblemError } from "./problems.ts";

// The keys of a const object are exactly its codes.
const codes = Object.keys(problemCodes) as ProblemCode[];

const failing = (thrown: unknown) =>
  testService((app) =>
    app.get("/", () => {
      throw thrown;
    }),
  );

describe("problems", () => {
  it.each(codes)("%s answers a problem document with its own status", async (code) => {
    const response = problemResponse(new ProblemError(code, "why"), "r-1");
    expect(response.status).toBe(problemCodes[code].status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const problem = problemSchema.parse(await response.json());
    expect(problem).toMatchObject({ code, detail: "why", instance: "urn:leftrail:request:r-1" });
  });

  it("401 names the Bearer scheme", () => {
    const { headers } = problemResponse(new ProblemError("unauthenticated", "no"), "r");
    expect(headers.get("WWW-Authenticate")).toBe("Bearer");
  });

  it.each(["unavailable", "rate_limited"] as const)("%s says when to come back", (code) => {
    expect(problemResponse(new ProblemError(code, "no"), "r").headers.get("Retry-After")).toBe("1");
    const later = new ProblemError(code, "no", { retryAfterSeconds: 7 });
    expect(problemResponse(later, "r").headers.get("Retry-After")).toBe("7");
  });

  it("a thrown problem is answered with its field errors", async () => {
    const errors = [{ pointer: "/slug", detail: "is required" }];
    const response = await failing(new ProblemError("invalid_input", "bad", { errors })).app.request("/");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: "bad", errors });
  });

  it.each([
    new Error("SELECT secret"),
    new ProblemError("internal", "SELECT secret"),
    "SELECT secret",
    undefined,
    { sql: "SELECT secret" },
  ])("an unexpected throw answers a 500 that tells nothing: %s", async (thrown) => {
    const response = await failing(thrown).app.request("/", { headers: { "X-Request-Id": "r-9" } });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      type: "urn:leftrail:problem:internal",
      title: "Internal error",
      status: 500,
      detail: "Something failed on our side.",
      code: "internal",
      instance: "urn:leftrail:request:r-9",
    });
  });

  it("an unexpected error is logged with its stack, its cause and the request id", async () => {
    const { app, entries } = failing(new Error("outer", { cause: new Error("inner") }));
    await app.request("/", { headers: { "X-Request-Id": "r-9" } });
    expect(entries()[0]).toMatchObject({
      level: "error",
      requestId: "r-9",
      err: {
        message: "outer",
        stack: expect.stringContaining("problems.test.ts"),
        cause: { message: "inner" },
      },
    });
  });

  it("a refusal of our own under load is logged in one short line, without a stack", async () => {
    const { app, entries } = failing(new ProblemError("unavailable", "Too much at once."));
    await app.request("/");
    const refused = entries().filter(({ msg }) => msg === "request refused");
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ detail: "Too much at once." });
    expect(refused[0]).not.toHaveProperty("err");
  });

  it("what made the service unavailable is logged, not answered", async () => {
    const cause = new Error("ECONNREFUSED 10.0.0.7");
    const { app, entries } = failing(new ProblemError("unavailable", "Try again.", { cause }));
    const response = await app.request("/");
    expect([response.status, await response.text()]).toEqual([503, expect.not.stringContaining("10.0.0.7")]);
    expect(entries()[0]).toMatchObject({ level: "warn", err: { cause: { message: cause.message } } });
  });

  it.each([
    [400, "invalid_input"],
    [401, "unauthenticated"],
    [413, "payload_too_large"],
    [415, "unsupported_media_type"],
    [422, "invalid_input"],
    [503, "unavailable"],
    [502, "internal"],
  ] as const)("a framework error %i becomes %s without its message", (status, code) => {
    const problem = toProblemError(new HTTPException(status, { message: "Unexpected token s3cret" }));
    expect(problem.code).toBe(code);
    expect(problem.message).not.toContain("s3cret");
  });

  it("an unknown path answers a 404 problem", async () => {
    const response = await failing(new Error("unused")).app.request("/nowhere");
    expect(response.status).toBe(404);
    expect(problemSchema.parse(await response.json()).code).toBe("not_found");
  });
});
