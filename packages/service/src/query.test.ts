import { problemSchema } from "@leftrail/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { testService } from "../test/test-service.ts";
import { onlyQuery, readQuery, strictQuery } from "./query.ts";

const schema = z.object({ status: z.enum(["active"]).optional(), q: z.string().optional() });
const { app } = testService((service) => {
  service.get("/strict", (c) => c.json(strictQuery(c, schema)));
  service.get("/only", onlyQuery(["q"]), (c) => c.body(null, 204));
  service.get("/any", (c) => c.json(readQuery(c, "any")));
});

async function errorsOf(path: string) {
  const response = await app.request(path);
  expect(response.status).toBe(400);
  return problemSchema.parse(await response.json()).errors;
}

describe("query", () => {
  it.each([
    ["", {}],
    ["?", {}],
    ["?status=active&q=a+b%2Bc%26%C3%A4", { status: "active", q: "a b+c&ä" }],
    ["?q", { q: "" }],
    ["?q=a=b&&", { q: "a=b" }],
  ])("%j is read as %o", async (query, expected) => {
    expect(await (await app.request(`/strict${query}`)).json()).toEqual(expected);
  });

  it.each([
    ["?other=1", "?other", "unknown parameter"],
    ["?__proto__=1", "?__proto__", "unknown parameter"],
    ["?constructor=1", "?constructor", "unknown parameter"],
    ["?q=1&q=1", "?q", "must be given once"],
    ["?q=%00", "?q", "must not contain U+0000"],
    ["?q=%zz", "?q", "is not valid percent-encoded UTF-8"],
    ["?q=%ff", "?q", "is not valid percent-encoded UTF-8"],
    ["?q=%ed%a0%80", "?q", "is not valid percent-encoded UTF-8"],
    ["?%zz=1", "?%zz", "is not valid percent-encoded UTF-8"],
    ["?status=gone", "?status", 'must be one of "active"'],
  ])("%s answers 400 at %s", async (query, pointer, detail) => {
    expect(await errorsOf(`/strict${query}`)).toEqual([{ pointer, detail }]);
  });

  it("middleware refuses the same before the handler", async () => {
    expect((await app.request("/only?q=1")).status).toBe(204);
    expect(await errorsOf("/only?q=1&q=2&x=1")).toEqual([
      { pointer: "?q", detail: "must be given once" },
      { pointer: "?x", detail: "unknown parameter" },
    ]);
  });

  it("a route that ignores unknown parameters still refuses repeated and broken ones", async () => {
    expect(await (await app.request("/any?x=1&__proto__=2")).text()).toBe('{"x":"1","__proto__":"2"}');
    expect(await errorsOf("/any?x=1&x=2&y=%")).toHaveLength(2);
  });
});
