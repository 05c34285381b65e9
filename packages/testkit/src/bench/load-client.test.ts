import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { listenOnFreePort } from "../listen.ts";
import { openClient } from "./load-client.ts";
import { prepareRequest } from "./prepare-request.ts";

async function startHttp(listener: RequestListener) {
  const server = createServer(listener);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const port = await listenOnFreePort(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, connections: () => connections };
}

/** A server that says these bytes whatever it is asked. */
async function startSaying(pieces: readonly string[], { isLast = false } = {}) {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.setNoDelay());
    socket.on("error", () => undefined);
    socket.on("data", () => {
      const write = (n: number): void => {
        const piece = pieces[n];
        if (piece !== undefined) socket.write(piece, "latin1", () => setImmediate(write, n + 1));
        else if (isLast) socket.end();
      };
      write(0);
    });
  });
  const port = await listenOnFreePort(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}` };
}

const open = ({ url }: { readonly url: string }, socketsMax = 4) => {
  const client = openClient(url, { socketsMax });
  onTestFinished(() => client[Symbol.dispose]());
  return client;
};

const get = prepareRequest({ path: "/" });

test("a request arrives as it was prepared, and its whole answer comes back", async () => {
  const server = await startHttp((request, response) => {
    response.statusCode = 201;
    response.setHeader("X-Seen", `${request.method} ${request.url} ${String(request.headers["x-mine"])}`);
    void text(request).then((body) => response.end(`${body}!`));
  });
  const request = { method: "POST", path: "/path?x=1", headers: { "X-Mine": "yes" }, body: "naïve" };
  const answer = await open(server).sendAndKeep(prepareRequest(request));
  expect(answer).toMatchObject({ status: 201, body: Buffer.from("naïve!") });
  expect(answer.headers.get("x-seen")).toBe("POST /path?x=1 yes");
  expect(answer.latencyMs).toBeGreaterThan(0);
});

test("an answer in many pieces is one answer, also behind an informational one", async () => {
  const bytes =
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhello";
  const client = open(await startSaying(bytes.split("")), 1);
  for (let n = 0; n < 2; n++) {
    expect(await client.sendAndKeep(get)).toMatchObject({ status: 200, body: Buffer.from("hello") });
  }
});

test("a large answer is read to its end before the next request", async () => {
  const body = Buffer.alloc(3_000_000, "x");
  const server = await startHttp((_, response) => void response.end(body));
  const client = open(server, 1);
  const [first, second] = await Promise.all([client.sendAndKeep(get), client.sendAndKeep(get)]);
  expect(first.body.equals(body) && second.body.equals(body)).toBe(true);
  expect(await client.send(get)).toMatchObject({ status: 200 });
  expect(server.connections()).toBe(1);
});

test.each([
  [204, "GET", {}],
  [304, "GET", { "content-length": "7" }],
  [200, "HEAD", { "content-length": "7" }],
])("an answer of %i to %s has no body, whatever its Content-Length", async (status, method, headers) => {
  const server = await startHttp((_, response) => void response.writeHead(status, headers).end());
  const client = open(server, 1);
  for (let n = 0; n < 2; n++) {
    const answer = await client.sendAndKeep(prepareRequest({ method, path: "/" }));
    expect(answer).toMatchObject({ status, body: Buffer.alloc(0) });
  }
  expect(server.connections()).toBe(1);
});

test("more requests than sockets wait for one, and that is part of their latency", async () => {
  const pending: (() => void)[] = [];
  let answeredMs = Number.NaN;
  const server = await startHttp((_, response) => {
    pending.push(() => response.end());
    if (pending.length < 2) return;
    answeredMs = performance.now();
    for (const answer of pending.splice(0)) answer();
  });
  const client = open(server, 2);
  const sending = Array.from({ length: 8 }, () => client.send(get));
  const sentMs = performance.now();
  const answers = await Promise.all(sending);
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  expect(server.connections()).toBe(2);
  // The last one was sent before, and answered after.
  expect(answers[7]!.latencyMs).toBeGreaterThan(answeredMs - sentMs);
});

test("a connection that the server closes behind an answer is replaced by another", async () => {
  const server = await startHttp((_, response) => void response.setHeader("connection", "close").end("bye"));
  const client = open(server, 1);
  expect((await client.send(get)).status).toBe(200);
  expect((await client.send(get)).status).toBe(200);
  expect(server.connections()).toBe(2);
});

test.each([
  ["no length", ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], "without Content-Length"],
  ["too many bytes", ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"], "1 bytes too many"],
  ["an endless head", [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`], "does not end"],
  ["an early end", ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"], "closed the connection"],
])("what is no answer is an error: %s", async (_, pieces, message) => {
  const client = open(await startSaying(pieces, { isLast: true }));
  await expect(client.send(get)).rejects.toThrow(message);
});

test("without a server every request fails, also those that waited for a socket", async () => {
  const server = createServer();
  const port = await listenOnFreePort(server);
  await server[Symbol.asyncDispose]();
  const client = open({ url: `http://127.0.0.1:${port}` }, 1);
  const outcomes = await Promise.allSettled([client.send(get), client.send(get), client.send(get)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
});

test("a closed client fails what is under way and what comes", async () => {
  const server = await startHttp(() => undefined);
  const client = open(server, 1);
  const outcomes = Promise.allSettled([client.send(get), client.send(get)]);
  client[Symbol.dispose]();
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(client.send(get)).rejects.toThrow("closed");
});

test("a closed loop sends each request once over its connections, and tells what came", async () => {
  const seen: string[] = [];
  const server = await startHttp((request, response) => {
    seen.push(request.url ?? "");
    response.statusCode = request.url === "/3" ? 404 : 200;
    response.end("hello");
  });
  const result = await open(server).runClosedLoop({
    connections: 3,
    requests: 50,
    request: (n) => prepareRequest({ path: `/${n}` }),
  });
  expect(new Set(seen).size).toBe(50);
  expect(result.latenciesMs).toHaveLength(50);
  expect(result.statuses).toEqual(
    new Map([
      [200, 49],
      [404, 1],
    ]),
  );
  expect(result.seconds).toBeGreaterThan(0);
  expect(server.connections()).toBe(3);
});

test("a closed loop ends after its time", async () => {
  const server = await startHttp((_, response) => void response.end("hello"));
  const result = await open(server).runClosedLoop({ connections: 2, seconds: 0.05, request: () => get });
  expect(result.seconds).toBeGreaterThanOrEqual(0.05);
  expect(result.statuses.get(200)).toBe(result.latenciesMs.length);
});

test("a closed loop whose server goes away fails, and so does what is no request", async () => {
  let answers = 0;
  const server = await startHttp((request, response) => {
    answers += 1;
    if (answers > 10) request.socket.destroy();
    else response.end();
  });
  const loop = { connections: 2, requests: 1000, request: () => get };
  await expect(open(server).runClosedLoop(loop)).rejects.toThrow("closed the connection");
  expect(() => prepareRequest({ path: "/", headers: { a: "b\r\nc: d" } })).toThrow("no HTTP request");
});
