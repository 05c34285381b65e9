import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  isPublishedEventType,
  publishedEvents,
  publishEventInputSchema,
  type PublishedEventType,
} from "./events.ts";

interface Case {
  readonly name: string;
  readonly type: PublishedEventType;
  readonly with?: object;
  readonly without?: readonly string[];
}

interface CaseFile {
  readonly defaults: Readonly<Record<PublishedEventType, object>>;
  readonly accepted: readonly (Case & { readonly published?: object })[];
  readonly refused: readonly (Case & { readonly at: readonly string[] })[];
}

const { defaults, accepted, refused }: CaseFile = JSON.parse(
  readFileSync(new URL("../cases/events.json", import.meta.url), "utf8"),
  (_name, value) => (isRepeated(value) ? value.text.repeat(value.times) + (value.then ?? "") : value),
);
const org_id = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";

test.each(Object.entries(defaults))("the defaults of %s are accepted as they are", (type, data) => {
  expect(publishEventInputSchema.parse({ org_id, type, data })).toEqual({ org_id, type, data });
});

test.each(accepted)("accepted: $name", (one) => {
  const data = dataOf(one);
  const parsed = publishedEvents[one.type].safeParse(data);
  expect(parsed).toEqual({ success: true, data: { ...data, ...one.published } });
});

test.each(refused)("refused: $name", (one) => {
  const { error } = publishedEvents[one.type].safeParse(dataOf(one));
  const pointers = error?.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => `/${[...issue.path, key].join("/")}`)
      : [`/${issue.path.join("/")}`],
  );
  expect([...new Set(pointers)].toSorted()).toEqual([...one.at].toSorted());
});

test("no two cases share a name, and every type has cases of both kinds", () => {
  const names = [...accepted, ...refused].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const cases of [accepted, refused]) {
    expect(new Set(cases.map(({ type }) => type))).toEqual(new Set(Object.keys(publishedEvents)));
  }
});

test("a field named __proto__ is unknown too", () => {
  const data: unknown = JSON.parse('{"runId":"r","stage":"done","progress":1,"__proto__":{"message":"x"}}');
  expect(publishedEvents["run.stage"].safeParse(data).success).toBe(false);
});

describe("an event to publish", () => {
  const event = { org_id, type: "run.stage", data: defaults["run.stage"] };
  const refusals = (change: object) => {
    const { error } = publishEventInputSchema.safeParse({ ...event, ...change });
    return error?.issues.map(({ path, message }) => [path.join("/"), message]);
  };

  test("is one of every published type", () => {
    const types = publishEventInputSchema.options.map((option) => option.shape.type.value);
    expect(types.toSorted()).toEqual(Object.keys(publishedEvents).toSorted());
  });

  test.each(["stream.gap", "stream.reauth", "stream.revoked", "run.stages", "toString", "", null, undefined])(
    "is not of type %j",
    (type) => {
      expect(refusals({ type })).toEqual([
        ["type", expect.stringMatching(/^must be one of "scheduler.tick", /)],
      ]);
      expect(isPublishedEventType(String(type))).toBe(false);
    },
  );

  test("may name its organization in capitals", () => {
    expect(publishEventInputSchema.parse({ ...event, org_id: org_id.toUpperCase() }).org_id).toBe(org_id);
    expect(refusals({ org_id: "acme" })).toEqual([["org_id", "must be a UUID"]]);
  });

  test.each(["k", " ", "~".repeat(255), "a:b/c?d=e"])("may have the key %j", (event_key) => {
    expect(publishEventInputSchema.parse({ ...event, event_key })).toEqual({ ...event, event_key });
  });

  test.each(["", "x".repeat(256), "ü", "a\nb", "\u007f", null, 1])("can't have the key %j", (event_key) => {
    expect(refusals({ event_key })).toHaveLength(1);
  });

  test("has nothing else", () => {
    expect(refusals({ id: "1-1" })).toHaveLength(1);
    expect(refusals({ occurredAt: "2026-01-01T00:00:00.000Z" })).toHaveLength(1);
  });
});

function dataOf({ type, with: change, without = [] }: Case): object {
  const fields = Object.entries({ ...defaults[type], ...change });
  return Object.fromEntries(fields.filter(([name]) => !without.includes(name)));
}

interface Repeated {
  readonly text: string;
  readonly times: number;
  readonly then?: string;
}

function isRepeated(value: unknown): value is Repeated {
  return typeof value === "object" && value !== null && "times" in value;
}
