import { publishedEvents, streamEvents } from "@leftrail/contract";
import { expect, test } from "vitest";
import { createFilterParser } from "./events-filter.ts";

const parse = createFilterParser();
const ownTypes = Object.keys(streamEvents);

test.each([...Object.keys(publishedEvents), ...ownTypes])("%s can be asked for", (type) => {
  expect(parse(type)).toEqual(new Set([type, ...ownTypes]));
});

test("several are told apart by commas, and what the stream says of itself is always among them", () => {
  const filter = parse("run.stage,scheduler.tick,run.stage");
  expect(filter).toEqual(new Set(["run.stage", "scheduler.tick", ...ownTypes]));
});

test.each(["", ",", "run.stage,", " run.stage", "RUN.STAGE", "toString", "run.stage;scheduler.tick", "run"])(
  "%j is no list of types",
  (text) => {
    expect(parse(text)).toBe(false);
  },
);

test("the same types in whatever order are one filter in memory", () => {
  expect(parse("run.stage,scheduler.tick")).toBe(parse("scheduler.tick,run.stage,scheduler.tick"));
});
