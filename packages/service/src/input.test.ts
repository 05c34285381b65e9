import { ProblemError } from "@leftrail/contract";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { echoedNameLengthMax, fieldErrorsMax, type InputPlace } from "./field-errors.ts";
import { parseInput, toFieldErrors, validationHook } from "./input.ts";

const schema = z.strictObject({
  slug: z.string().regex(/^[a-z]+$/, "must be a slug"),
  role: z.enum(["owner", "member"]).optional(),
  tags: z.array(z.strictObject({ "a/b~c": z.int() })).optional(),
});

const errorsOf = (value: unknown, place: InputPlace = "body") =>
  toFieldErrors(schema.safeParse(value).error?.issues ?? [], place);

describe("input", () => {
  it.each([
    ["a missing field", {}, [{ pointer: "/slug", detail: "is required" }]],
    ["a wrong type", { slug: 5 }, [{ pointer: "/slug", detail: "must be of type string" }]],
    ["a schema's own message", { slug: "A" }, [{ pointer: "/slug", detail: "must be a slug" }]],
    [
      "another value",
      { slug: "a", role: "x" },
      [{ pointer: "/role", detail: 'must be one of "owner", "member"' }],
    ],
    ["a body of another kind", [], [{ pointer: "", detail: "must be of type object" }]],
    ["null", null, [{ pointer: "", detail: "must be of type object" }]],
    [
      "a nested field with reserved characters",
      { slug: "a", tags: [{ "a/b~c": 1.5 }] },
      [{ pointer: "/tags/0/a~1b~0c", detail: "must be a whole number" }],
    ],
    [
      "unknown fields, each by itself",
      JSON.parse('{"slug":"a","x":1,"__proto__":{},"y/z":2}'),
      ["/x", "/__proto__", "/y~1z"].map((pointer) => ({ pointer, detail: "unknown field" })),
    ],
  ])("%s is told by its pointer", (_what, value, expected) => {
    expect(errorsOf(value)).toEqual(expected);
  });

  it.each<[InputPlace, string]>([
    ["body", "/slug"],
    ["param", "/slug"],
    ["query", "?slug"],
    ["header", ""],
  ])("an error in the %s points to %j", (place, pointer) => {
    expect(errorsOf({}, place)[0]?.pointer).toBe(pointer);
  });

  it("a header is named in the detail, having no pointer", () => {
    expect(errorsOf({}, "header")).toEqual([{ pointer: "", detail: "header slug: is required" }]);
  });

  it("an unknown field's name is repeated only in part", () => {
    const [error] = errorsOf({ slug: "a", ["k".repeat(5000)]: 1 });
    expect(error?.pointer).toBe(`/${"k".repeat(echoedNameLengthMax)}…`);
  });

  it("the list of errors is bounded", () => {
    const keys = Array.from({ length: 1000 }, (_, i) => [`k${i}`, 1]);
    expect(errorsOf({ slug: "a", ...Object.fromEntries(keys) })).toHaveLength(fieldErrorsMax);
    expect(errorsOf({ slug: "a", tags: keys })).toHaveLength(fieldErrorsMax);
    expect(errorsOf(Object.fromEntries(keys))).toHaveLength(fieldErrorsMax);
  });

  it("no detail repeats the value", () => {
    for (const value of [{ slug: "S3CRET" }, { slug: "a", role: "S3CRET" }, "S3CRET"])
      expect(JSON.stringify(errorsOf(value))).not.toContain("S3CRET");
  });

  it("a good value comes out parsed", () => {
    expect(parseInput(z.string().transform(Number), "5", "param")).toBe(5);
  });

  it("a wrong value throws invalid_input with its errors", () => {
    expect(() => parseInput(schema, {}, "body")).toThrow(ProblemError);
    expect(() => parseInput(schema, {}, "body")).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        errors: [{ pointer: "/slug", detail: "is required" }],
      }),
    );
  });

  it.each([
    ["json", "/slug"],
    ["form", "/slug"],
    ["param", "/slug"],
    ["query", "?slug"],
    ["header", ""],
    ["cookie", ""],
  ])("a route's failed %s validation throws with pointer %j", (target, pointer) => {
    const error = { issues: schema.safeParse({}).error?.issues ?? [] };
    expect(() => validationHook({ success: false, target, error })).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
    );
  });

  it("a route's passed validation goes on", () => {
    expect(() => validationHook({ success: true, target: "json" })).not.toThrow();
  });
});
