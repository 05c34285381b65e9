import { ProblemError, problemSchema } from "@leftrail/contract";
import { describe, expect, it } from "vitest";
import { testService } from "../test/test-service.ts";
import { answerMethodNotAllowed, onlyGet } from "./methods.ts";

const { app } = testService((service) => {
  service.use("/private/*", async () => {
    throw new ProblemError("unauthenticated", "no");
  });
  service.get("/private/x", (c) => c.text("never"));
  service.get("/things/:id", (c) => c.text("thing"));
  service.delete("/things/:id", (c) => c.text("gone"));
  service.post("/things/special", (c) => c.text("special"));
  service.post("/write", (c) => c.text("written"));
  service.options("/asks", (c) => c.text("options"));
  service.all("/stream", onlyGet);
  service.get("/stream", (c) => c.text("stream"));
  service.get("/files/*", (c) => c.text("file"));
  answerMethodNotAllowed(service);
});

const call = (method: string, path: string) => app.request(path, { method });

describe("methods", () => {
  it.each([
    ["PUT", "/things/5", "DELETE, GET, HEAD"],
    ["OPTIONS", "/things/5", "DELETE, GET, HEAD"],
    ["PATCH", "/things/special", "DELETE, GET, HEAD, POST"],
    ["GET", "/write", "POST"],
    ["HEAD", "/write", "POST"],
    ["FOO", "/write", "POST"],
    ["HEAD", "/stream", "GET"],
    ["POST", "/stream", "GET"],
  ])("%s %s answers 405 and allows %s", async (method, path, allow) => {
    const response = await call(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get("Allow")).toBe(allow);
    expect(response.headers.get("X-Request-Id")).not.toBeNull();
    const body = await response.text();
    if (method !== "HEAD") expect(problemSchema.parse(JSON.parse(body)).code).toBe("method_not_allowed");
  });

  it.each([
    ["GET", "/things/5"],
    ["HEAD", "/things/5"],
    ["DELETE", "/things/special"],
    ["POST", "/things/special"],
    ["OPTIONS", "/asks"],
    ["GET", "/stream"],
    ["GET", "/files/a/b"],
  ])("%s %s still reaches its route", async (method, path) => {
    expect((await call(method, path)).status).toBe(200);
  });

  it.each(["GET", "PUT", "OPTIONS"])("a missing token is told before the method: %s", async (method) => {
    expect((await call(method, "/private/x")).status).toBe(401);
  });

  it("an unknown path is 404 for every method", async () => {
    for (const method of ["GET", "PUT", "OPTIONS"]) expect((await call(method, "/no")).status).toBe(404);
    expect((await call("PUT", "/files/a")).status).toBe(404);
  });
});
