import { once } from "node:events";
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { findFreePort } from "./free-port.ts";
import { listenOnFreePort } from "./listen.ts";
import { startReverseProxy, type ProxiedRequest } from "./reverse-proxy.ts";
import { openSse } from "./sse-reader.ts";
import { waitUntil } from "./wait-until.ts";

async function startUpstream(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${await listenOnFreePort(server)}`;
}

const answering = (body: string) => startUpstream((_incoming, outgoing) => outgoing.end(body));

/** One that nobody listens at. */
const refusing = async () => `http://127.0.0.1:${await findFreePort()}`;

/** A proxy, and what it has told of the answers. */
async function startProxy(...upstreams: readonly string[]) {
  const answered: ProxiedRequest[] = [];
  const proxy = await startReverseProxy({ upstreams, onAnswer: (each) => answered.push(each) });
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  const ask = async () => (await fetch(proxy.url)).text();
  return { proxy, answered, ask };
}

test("upstreams are asked in turn", async () => {
  const [first, second] = [await answering("first"), await answering("second")];
  const { ask, answered } = await startProxy(first, second);
  expect([await ask(), await ask(), await ask()]).toEqual(["first", "second", "first"]);
  expect(answered.map(({ upstream }) => upstream)).toEqual([first, second, first]);
});

test("one that refuses the connection is passed over", async () => {
  const second = await answering("second");
  const { ask, answered } = await startProxy(await refusing(), second);
  expect([await ask(), await ask(), await ask()]).toEqual(["second", "second", "second"]);
  expect(answered).toMatchObject([{ upstream: second }, { upstream: second }, { upstream: second }]);
});

test("with no upstream to ask, or one that hangs up, the answer is 502", async () => {
  const { proxy, answered } = await startProxy(await refusing(), await refusing());
  expect((await fetch(proxy.url)).status).toBe(502);
  proxy.use([]);
  expect((await fetch(proxy.url)).status).toBe(502);
  const hangingUp = await startUpstream((incoming) => incoming.socket.destroy());
  proxy.use([hangingUp]);
  expect((await fetch(proxy.url)).status).toBe(502);
  expect(answered.map(({ status, upstream }) => [status, upstream])).toEqual([
    [502, undefined],
    [502, undefined],
    [502, hangingUp],
  ]);
});

test("other upstreams take over the requests to come", async () => {
  const { proxy, ask } = await startProxy(await answering("before"));
  expect(await ask()).toBe("before");
  proxy.use([await answering("after")]);
  expect(await ask()).toBe("after");
});

test("requests and answers arrive as they were sent, but for what is said of one connection only", async () => {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method, url, headers } = incoming;
    const { host, connection } = headers;
    const seen = { method, url, host, connection, body: await text(incoming) };
    outgoing.writeHead(418, "Teapot", ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "ETag", '"x"']);
    outgoing.end(JSON.stringify(seen));
  };
  const upstream = await startUpstream((incoming, outgoing) => void answer(incoming, outgoing));
  const { proxy, answered } = await startProxy(upstream);
  const response = await fetch(`${proxy.url}/a%20b?c=d&c=e`, {
    method: "PUT",
    headers: { "X-Mixed-Case": "é" },
    body: "sent",
  });
  expect([response.status, response.statusText]).toEqual([418, "Teapot"]);
  expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(response.headers.get("ETag")).toBe('"x"');
  const seen = await response.json();
  expect(seen).toMatchObject({ method: "PUT", url: "/a%20b?c=d&c=e", body: "sent" });
  expect(seen).toMatchObject({ host: new URL(proxy.url).host, connection: "close" });
  expect(answered).toMatchObject([
    { method: "PUT", url: "/a%20b?c=d&c=e", status: 418, upstream, headers: { "x-mixed-case": "é" } },
  ]);
});

test("an answer without a body stays one", async () => {
  const upstream = await startUpstream((incoming, outgoing) => {
    if (incoming.method === "HEAD") outgoing.writeHead(200, { "Content-Length": "7" }).end();
    else outgoing.writeHead(304, { ETag: '"x"' }).end();
  });
  const { proxy } = await startProxy(upstream);
  const head = await fetch(proxy.url, { method: "HEAD" });
  expect([head.status, head.headers.get("Content-Length")]).toEqual([200, "7"]);
  const unchanged = await fetch(proxy.url);
  expect([unchanged.status, unchanged.headers.get("ETag"), await unchanged.text()]).toEqual([304, '"x"', ""]);
});

test("each byte passes as it comes, in both directions", async () => {
  const upstream = await startUpstream((incoming, outgoing) => {
    outgoing.flushHeaders();
    incoming.on("data", (piece: Buffer) => outgoing.write(`got ${piece.toString()} `));
    incoming.on("end", () => outgoing.end("end"));
  });
  const { proxy } = await startProxy(upstream);
  const asked = request(proxy.url, { method: "POST", agent: false });
  asked.flushHeaders();
  const [response]: [IncomingMessage] = (await once(asked, "response")) as [IncomingMessage];
  let received = "";
  response.setEncoding("utf8").on("data", (piece: string) => (received += piece));
  const untilReceived = (wanted: string) => waitUntil(() => received === wanted, { what: `"${wanted}"` });
  asked.write("one");
  await untilReceived("got one ");
  asked.write("two");
  await untilReceived("got one got two ");
  asked.end();
  await untilReceived("got one got two end");
});

/** An upstream whose streams stay open, and the streams. */
async function startStreaming() {
  const open: ServerResponse[] = [];
  const upstream = await startUpstream((_incoming, outgoing) => {
    open.push(outgoing);
    outgoing.on("close", () => open.splice(open.indexOf(outgoing), 1));
    outgoing.write("data: 1\n\n");
  });
  return { upstream, open };
}

test("a stream whose upstream dies is cut, not ended; others go on", async () => {
  const { upstream, open } = await startStreaming();
  const { proxy } = await startProxy(upstream);
  using cut = await openSse(proxy.url);
  using other = await openSse(proxy.url);
  expect(cut).toMatchObject({ status: 200, text: "data: 1\n\n", end: undefined });
  open[0]?.socket?.resetAndDestroy();
  await waitUntil(() => cut.end, { what: "the end of the stream" });
  expect(cut.end).toBe("cut");
  open[0]?.write("data: 2\n\n");
  await waitUntil(() => other.events.length === 2, { what: "the other's second event" });
  expect(other.end).toBeUndefined();
});

test("a client that goes ends its request, also before it is answered", async () => {
  const { upstream, open } = await startStreaming();
  const { proxy } = await startProxy(upstream);
  const reader = await openSse(proxy.url);
  await waitUntil(() => open.length === 1, { what: "the stream" });
  reader[Symbol.dispose]();
  await waitUntil(() => open.length === 0, { what: "the end of the stream" });

  const { promise: began, resolve: begin } = Promise.withResolvers<IncomingMessage>();
  proxy.use([await startUpstream((incoming) => begin(incoming))]);
  const asked = request(proxy.url, { agent: false });
  asked.on("error", () => undefined).end();
  const incoming = await began;
  asked.destroy();
  await waitUntil(() => incoming.socket.destroyed, { what: "the end of the request" });
});
