import { orgScope, userScope, type Scope } from "@leftrail/cache-keys";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeMessage, encodeMessage, type Message } from "./messages.ts";

const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.uuid().map(userScope),
  fc.uuid().map(orgScope),
  fc.constantFrom<Scope>("all", "catalog"),
);
const base = { session: fc.stringMatching(/^[\w-]{1,16}$/), number: fc.nat() };
const milliseconds = fc.nat(1_000_000).map((ms) => ms + 1_700_000_000_000);
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ ...base, kind: fc.constant("begin" as const) }),
  fc.record({ ...base, kind: fc.constant("beat" as const), provenMs: milliseconds }),
  fc.record({
    ...base,
    kind: fc.constant("change" as const),
    writtenMs: milliseconds,
    scopes: fc.array(scope, { minLength: 1, maxLength: 20 }),
  }),
);

test("what was said is what is heard", () => {
  fc.assert(
    fc.property(message, (said) => {
      expect(decodeMessage(encodeMessage(said))).toEqual(said);
    }),
  );
});

test.each([
  { fields: [] },
  { fields: ["kind", "begin", "session", "a"] },
  { fields: ["kind", "beat", "session", "a", "n", "1"] },
  { fields: ["kind", "beat", "session", "a", "n", "1", "proven", "soon"] },
  { fields: ["kind", "change", "session", "a", "n", "1", "written", "1", "scopes", "user:"] },
  { fields: ["kind", "news", "session", "a", "n", "1"] },
  { fields: ["kind", "begin", "session", "a", "n", "-1"] },
])("$fields is no message", ({ fields }) => {
  expect(decodeMessage(fields)).toBeUndefined();
});
