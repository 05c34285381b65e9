import { createServer } from "node:http";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createSseParser, openSse } from "./sse-reader.ts";
import { waitUntil } from "./wait-until.ts";

const parse = (...pieces: string[]) => {
  const parser = createSseParser();
  for (const piece of pieces) parser.push(piece);
  return parser;
};

test("events, comments, ids and the time to come back are told apart", () => {
  const parser = parse("retry: 2000\n\nid: 7\n\n:heartbeat\n\nid: 8\nevent: a\ndata: 1\ndata:2\n\ndata\n\n");
  expect(parser.events).toEqual([
    { id: "8", type: "a", data: "1\n2" },
    { id: "8", type: "message", data: "" },
  ]);
  expect(parser.comments).toEqual(["heartbeat"]);
  expect([parser.retryMs, parser.lastEventId]).toEqual([2000, "8"]);
});

test("an id alone moves the cursor; one whose block has not ended does not", () => {
  expect(parse("id: 1\n\nid: 2\n").lastEventId).toBe("1");
  expect(parse("id: 1\n\nid: 2\0\n\nid:\n").lastEventId).toBe("1");
});

test.each(["\n", "\r\n", "\r"])("lines end in %j, wherever pieces are cut", (end) => {
  const text = ["id: 1", "event: a", "data: x", "", "data: y", "", "x"].join(end);
  const whole = parse(text).events;
  expect(whole).toHaveLength(2);
  expect(parse(...text.split("")).events).toEqual(whole);
});

test("a stream that ends, one that is cut, and an answer that is no stream", async () => {
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === "/refused") outgoing.writeHead(403).end("no");
    else outgoing.write("data: é\n\n");
    if (incoming.url === "/ends") outgoing.end();
    if (incoming.url === "/cut") setImmediate(() => outgoing.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  using ended = await openSse(`${base}/ends`);
  expect(ended).toMatchObject({ status: 200, text: "data: é\n\n" });
  await waitUntil(() => ended.end === "end", { what: "the end" });
  using cut = await openSse(`${base}/cut`);
  await waitUntil(() => cut.end === "cut", { what: "the cut" });
  using refused = await openSse(`${base}/refused`);
  expect(refused).toMatchObject({ status: 403, events: [], text: "no" });
  using open = await openSse(`${base}/open`);
  expect(open).toMatchObject({ end: undefined, events: [{ data: "é" }] });
  server.close().closeAllConnections();
});
