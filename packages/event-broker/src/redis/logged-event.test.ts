import { expect, test } from "vitest";
import { decodeEntry, decodeMessage } from "./logged-event.ts";

const event = {
  id: "5-2",
  point: { epoch: 5, seq: 2 },
  atMs: 12,
  type: "run.stage",
  body: '"type":"run.stage","data":"a b"}',
};

test("a message and an entry are the same event", () => {
  expect(decodeMessage(`5-2 12 run.stage\n${event.body}`)).toEqual(event);
  const fields = ["at", "12", "type", "run.stage", "body", event.body];
  expect(decodeEntry(["5-2", fields])).toEqual(event);
  expect(decodeEntry(["5-2", [...fields, "more", "later"]])).toEqual(event);
});

test.each(["", "\n", "5-2 12 t", "5-2 12 t\n", "5-0 12 t\nx", "5 12 t\nx", "5-2 x t\nx", "5-2 12 t more\nx"])(
  "the message %j is none",
  (text) => {
    expect(decodeMessage(text)).toBeUndefined();
  },
);

test.each([
  undefined,
  "5-2",
  [],
  ["5-2"],
  ["5-2", "at"],
  ["5-2", []],
  ["5-2", ["at", "12"]],
  [5, ["at", "12", "type", "t", "body", "x"]],
  ["5-2", ["at", "12", "type", "t", "body", 7]],
])("the entry %j is none", (entry) => {
  expect(decodeEntry(entry)).toBeUndefined();
});
