import type { HubEvent } from "@leftrail/event-broker";
import { expect, test } from "vitest";
import type { Frame } from "./frame.ts";
import { replayPieceBytesMax, replayPiecesMax } from "./limits.ts";
import { ReplayPieces } from "./replay-pieces.ts";
import { encodeEvent } from "./sse-encoder.ts";

function eventOf(sequence: number, bytes = 100): HubEvent<Frame> {
  const [id, type] = [`1-${sequence}`, "change.detected"];
  return { id, type, frame: encodeEvent({ id, type, json: JSON.stringify("ü".repeat(bytes / 2)) }) };
}
const eventsOf = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_none, n) => eventOf(n + 1, bytes));
const bytesOf = (events: readonly HubEvent<Frame>[]) =>
  Buffer.concat(events.map(({ frame }) => frame.bytes)).toString();

test("what was missed is one frame, in order, and one chunk of HTTP/1.1", () => {
  const missed = eventsOf(100);
  const { frame, count, lastId } = new ReplayPieces().firstOf(missed)!;
  expect([count, lastId, frame.bytes.toString()]).toEqual([100, "1-100", bytesOf(missed)]);
  expect(frame.chunk.toString()).toBe(`${frame.bytes.length.toString(16)}\r\n${bytesOf(missed)}\r\n`);
});

test("it is the same for all who come with the same id, until there is more of it", () => {
  const pieces = new ReplayPieces();
  const missed = eventsOf(3);
  const piece = pieces.firstOf(missed);
  expect(pieces.firstOf([...missed])).toBe(piece);
  expect(pieces.firstOf(missed.slice(1))?.count).toBe(2);
  expect(pieces.firstOf([...missed, eventOf(4)])?.lastId).toBe("1-4");
});

test("it is bounded in bytes, and the same then however much there is", () => {
  const pieces = new ReplayPieces();
  const missed = eventsOf(100, 10_000);
  const piece = pieces.firstOf(missed)!;
  expect(piece.frame.bytes.length).toBeLessThanOrEqual(replayPieceBytesMax);
  expect(piece.frame.bytes.toString()).toBe(bytesOf(missed.slice(0, piece.count)));
  expect(bytesOf(missed.slice(0, piece.count + 1)).length).toBeLessThan(2 * replayPieceBytesMax);
  expect(Buffer.byteLength(bytesOf(missed.slice(0, piece.count + 1)))).toBeGreaterThan(replayPieceBytesMax);
  expect(pieces.firstOf([...missed, eventOf(101)])).toBe(piece);
});

test.each([
  ["nothing", []],
  ["one event", eventsOf(1)],
  ["a first event that fills it alone", [eventOf(1, replayPieceBytesMax), eventOf(2)]],
  ["a second event that does not fit beside the first", [eventOf(1), eventOf(2, replayPieceBytesMax)]],
])("%s is not joined", (_what, missed) => {
  expect(new ReplayPieces().firstOf(missed)).toBeUndefined();
});

test("only the last ones are kept", () => {
  const pieces = new ReplayPieces();
  const missed = eventsOf(replayPiecesMax + 2);
  const first = pieces.firstOf(missed);
  for (let n = 1; n <= replayPiecesMax; n++) pieces.firstOf(missed.slice(n));
  const again = pieces.firstOf(missed);
  expect([again === first, again]).toEqual([false, first]);
});
