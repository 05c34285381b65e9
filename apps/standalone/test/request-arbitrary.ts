import fc from "fast-check";
import type { Operation, Schema } from "./operations.ts";

/** A request for one operation. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Values that exist, so that well-formed requests also find something. */
export type KnownTexts = readonly string[];

const junk = fc.oneof(
  fc.constantFrom("", "0", "null", "\u0000", "\ud800", "../..", "%00", "1e999", "a".repeat(300)),
  fc.string({ unit: "binary", maxLength: 40 }),
);

/** Requests as the document wants them, and the same with something wrong. */
export function requestArbitrary(operation: Operation, known: KnownTexts): fc.Arbitrary<FuzzedRequest> {
  const text = (schema: Schema): fc.Arbitrary<string> => valueArbitrary(schema, operation, known).map(String);
  const isHere = { true: fc.constant(true), maybe: fc.boolean() };
  const parameters = fc.tuple(
    ...operation.parameters.map((parameter) =>
      fc.record({
        name: fc.constant(parameter.name),
        place: fc.constant(parameter.in),
        isGiven: parameter.in === "path" ? isHere.true : isHere.maybe,
        value: fc.oneof({ weight: 5, arbitrary: text(parameter.schema) }, { weight: 1, arbitrary: junk }),
      }),
    ),
  );
  return fc
    .record({
      parameters,
      extraQuery: fc.option(fc.tuple(fc.constantFrom("limit", "colour", "cursor"), junk), {
        nil: null,
        freq: 8,
      }),
      body:
        operation.body === undefined
          ? fc.option(fc.jsonValue(), { nil: undefined, freq: 6 })
          : mutated(valueArbitrary(operation.body, operation, known)),
      method: fc.oneof(
        { weight: 12, arbitrary: fc.constant(operation.method) },
        { weight: 1, arbitrary: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE") },
      ),
    })
    .map(({ parameters: given, extraQuery, body, method }) => {
      const valueOf = (name: string) => given.find((one) => one.name === name)?.value ?? "x";
      const pairs = given.filter(({ place, isGiven }) => place === "query" && isGiven);
      const query = new URLSearchParams([
        ...pairs.map(({ name, value }): [string, string] => [name, value.toWellFormed()]),
        ...(extraQuery === null ? [] : [[extraQuery[0], extraQuery[1].toWellFormed()]]),
      ]).toString();
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
        encodeURIComponent(valueOf(name).toWellFormed()),
      );
      const headers = given.filter(({ place, isGiven }) => place === "header" && isGiven);
      return {
        method,
        path: query === "" ? path : `${path}?${query}`,
        headers: Object.fromEntries(headers.map(({ name, value }) => [name, headerText(value)])),
        body,
      };
    });
}

/** A value that a schema of the document allows. */
export function valueArbitrary(
  schema: Schema,
  operation: Operation,
  known: KnownTexts,
): fc.Arbitrary<unknown> {
  const of = (inner: Schema) => valueArbitrary(inner, operation, known);
  if (schema.$ref !== undefined) return of(operation.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(of));
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => of({ ...schema, type })));
  switch (schema.type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 1000, 1000) });
    case "array":
      return fc.array(of(schema.items ?? {}), { maxLength: 3 });
    case "object":
      return objectArbitrary(schema, of);
    case "string":
      return stringArbitrary(schema, known);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectArbitrary(
  { properties, required = [] }: Schema,
  of: (schema: Schema) => fc.Arbitrary<unknown>,
) {
  if (properties === undefined)
    return fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }));
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, of(schema)]));
  return fc.record(fields, { requiredKeys: required.filter((name) => name in fields) });
}

function stringArbitrary(schema: Schema, known: KnownTexts): fc.Arbitrary<string> {
  if (schema.format === "uuid") return fc.oneof(fc.constantFrom(...known.filter(isId)), fc.uuid());
  if (schema.format === "date-time") {
    return fc.constantFrom("2020-01-01T00:00:00Z", "2999-01-01T00:00:00.123456+02:00");
  }
  if (schema.pattern !== undefined && !schema.pattern.includes("\\x")) {
    return fc
      .stringMatching(new RegExp(schema.pattern))
      .map((text) => text.slice(0, schema.maxLength ?? 100));
  }
  return fc.oneof(
    fc.constantFrom("ai-chat", "change-radar", "chat", ...known),
    fc.string({ minLength: schema.minLength ?? 1, maxLength: Math.min(schema.maxLength ?? 30, 30) }),
  );
}

/** As it is, or with a field too many, a field too few, a field of another kind, or something else altogether. */
function mutated(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.record({
    pick: fc.nat(),
    value: fc.oneof(fc.jsonValue({ maxDepth: 2 }), junk),
    name: junk,
  });
  const broken = fc.tuple(valid, change, fc.constantFrom("add", "drop", "swap")).map(([value, by, how]) => {
    if (typeof value !== "object" || value === null) return by.value;
    const fields = Object.entries(value);
    const at = by.pick % Math.max(fields.length, 1);
    if (how === "add") return { ...value, [by.name]: by.value };
    if (how === "drop") return Object.fromEntries(fields.filter((_field, n) => n !== at));
    return Object.fromEntries(fields.map(([name, old], n) => [name, n === at ? by.value : old]));
  });
  return fc.oneof(
    { weight: 3, arbitrary: valid },
    { weight: 3, arbitrary: broken },
    { weight: 1, arbitrary: fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined)) },
  );
}

// What a client could put into a header at all.
const headerText = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "").trim();

const isId = (text: string): boolean => /^[0-9a-f]{8}-/.test(text);
