import { createSseParser } from "@leftrail/testkit";
import { describe, expect, test } from "vitest";
import cases from "../../cases/event-frames.json" with { type: "json" };
import {
  encodeEvent,
  encodeHeartbeat,
  encodeId,
  encodeLater,
  encodeOwnEvent,
  encodeRetry,
  heartbeat,
} from "./sse-encoder.ts";

const textOf = ({ bytes }: { readonly bytes: Buffer }): string => bytes.toString();

test.each(cases.events)("$title", ({ bytes, ...event }) => {
  expect(textOf(encodeEvent(event))).toBe(bytes);
});

test.each(cases.own)("$title", ({ bytes, event }) => {
  expect(textOf(encodeOwnEvent(event as Parameters<typeof encodeOwnEvent>[0]))).toBe(bytes);
});

test.each(cases.refused)("refused: $title", (event) => {
  expect(() => encodeEvent(event)).toThrow(TypeError);
});

test("what is not an event is byte for byte what clients expect, too", () => {
  expect(textOf(encodeRetry(1999.6))).toBe("retry: 2000\n\n");
  expect(textOf(encodeId("1-2"))).toBe("id: 1-2\n\n");
  expect(textOf(heartbeat)).toBe(":heartbeat\n\n");
  expect(textOf(encodeHeartbeat("1-2"))).toBe(":heartbeat\nid: 1-2\n\n");
  expect(encodeLater(5000, "draining")).toBe("retry: 5000\n:draining\n\n");
  for (const encode of [encodeId, encodeHeartbeat]) expect(() => encode("1\n2")).toThrow(TypeError);
  expect(() => encodeLater(1, "a\nb")).toThrow(TypeError);
});

describe("a frame", () => {
  test("is also one chunk of HTTP/1.1, its length in bytes and not in characters", () => {
    const { chunk, bytes } = encodeId("ü");
    expect(chunk.toString()).toBe("8\r\nid: ü\n\n\r\n");
    expect(bytes.buffer).toBe(chunk.buffer);
  });

  test("is what a client takes for exactly one event with its own JSON", () => {
    const parser = createSseParser();
    for (const { bytes } of cases.events) parser.push(bytes);
    expect(parser.events).toEqual(cases.events.map(({ id, type, json }) => ({ id, type, data: json })));
  });
});
