import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { testService } from "../test/test-service.ts";
import { requestId } from "./request-id.ts";
import { requestIdOf } from "./service-env.ts";

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const { app } = testService((service) => {
  service.get("/id", (c) => c.text(c.get("requestId")));
  service.get("/moved", () => Response.redirect("http://localhost/id"));
  service.get("/fails", () => {
    throw new Error("boom");
  });
});

const ask = (path: string, id?: string) =>
  app.request(path, id === undefined ? {} : { headers: { "X-Request-Id": id } });

describe("request id", () => {
  it.each(["a", "A-b_c.9", "x".repeat(128)])("a caller's well-formed id %s is kept", async (id) => {
    const response = await ask("/id", id);
    expect([response.headers.get("X-Request-Id"), await response.text()]).toEqual([id, id]);
  });

  it.each(["x".repeat(129), "a b", "a,b", "ä", "a\tb", "<a>"])(
    "another id %j is replaced by a UUIDv7",
    async (id) => {
      const response = await ask("/id", id);
      expect(response.headers.get("X-Request-Id")).toMatch(uuidv7);
    },
  );

  it.each([
    ["/id", 200],
    ["/fails", 500],
    ["/nowhere", 404],
    ["/moved", 302],
  ])("%s (%i) carries the id and nosniff", async (path, status) => {
    const response = await ask(path, "mine");
    expect(response.status).toBe(status);
    expect(response.headers.get("X-Request-Id")).toBe("mine");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
  });

  it("two requests never share a minted id", async () => {
    const ids = await Promise.all([ask("/id"), ask("/id")].map(async (answer) => (await answer).text()));
    expect(new Set(ids).size).toBe(2);
  });

  it("a context without the middleware has the id none", async () => {
    const bare = new Hono().get("/", (c) => c.text(requestIdOf(c)));
    expect(await (await bare.request("/")).text()).toBe("none");
    const fixed = new Hono().use(requestId(() => "fixed")).get("/", (c) => c.text(requestIdOf(c)));
    expect(await (await fixed.request("/")).text()).toBe("fixed");
  });
});
