import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { problemSchema } from "@leftrail/contract";
import { Hono } from "hono";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { rawRequest } from "../test/raw-request.ts";
import { memoryLogger, testService } from "../test/test-service.ts";
import { bodyBytesMax } from "./read-body.ts";
import { headerBytesMax, serve, type ServeOptions } from "./serve.ts";
import { baseHeaders } from "./service-env.ts";
import { strictJson } from "./strict-json.ts";

async function start(fetch: ServeOptions["fetch"], overrides: Partial<ServeOptions> = {}) {
  const stop = new AbortController();
  const { logger, entries } = memoryLogger();
  const options = { fetch, host: "127.0.0.1", port: 0, logger, signal: stop.signal, drainTimeoutMs: 60_000 };
  const server = await serve({ ...options, ...overrides });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, stop, entries };
}

const hello = () => new Response("hello");
const closing = "Connection: close\r\n\r\n";

describe("serve", () => {
  it("answers on a free port at the url it names", async () => {
    const { server } = await start(hello);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await (await fetch(server.url)).text()).toBe("hello");
  });

  it("a taken port is refused with the port and the setting in the message", async () => {
    const { server } = await start(hello);
    await expect(start(hello, { port: server.port })).rejects.toThrow(
      `Port ${server.port} of 127.0.0.1 is taken by another process: set PORT to a free one.`,
    );
  });

  it("a host that is not ours is refused with HOST in the message", async () => {
    await expect(start(hello, { host: "192.0.2.1" })).rejects.toThrow(/EADDRNOTAVAIL.*HOST/);
  });

  it.each([
    ["a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n"],
    ["a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n"],
    ["no host", "GET / HTTP/1.1\r\n"],
    ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n"],
    ["OPTIONS * with an IPv6 host", "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n"],
    ["a broken absolute target", "GET http://[ HTTP/1.1\r\nHost: a\r\n"],
    ["a foreign scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n"],
    ["a backslash in the path", "GET /a\\b HTTP/1.1\r\nHost: a\r\n"],
    ["no HTTP at all", "hello\r\n"],
    ["an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n"],
    ["a broken header", "GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n"],
    ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n"],
    ["headers over the limit", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(headerBytesMax)}\r\n`],
  ])("%s answers a 400 problem", async (_what, request) => {
    const { server } = await start(hello);
    const answer = await rawRequest(server.port, `${request}${closing}`);
    const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    expect(head.toLowerCase()).toContain("content-type: application/problem+json");
    const problem = problemSchema.parse(JSON.parse(body));
    expect(problem.code).toBe("invalid_input");
    expect(head.toLowerCase()).toContain(`x-request-id: ${problem.instance.split(":").at(-1)}`);
  });

  it.each([
    ["an absolute target", "GET http://other/x HTTP/1.1\r\nHost: a\r\n"],
    [
      "an upgrade nobody serves",
      "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n",
    ],
    ["an expectation nobody knows", "GET /x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n"],
    ["HTTP/1.0", "GET /x HTTP/1.0\r\nHost: a\r\n"],
    ["an upper-case host", "GET /x HTTP/1.1\r\nHost: EXAMPLE.org:80\r\n"],
  ])("%s is answered by the app", async (_what, request) => {
    const { server } = await start((incoming) => new Response(new URL(incoming.url).pathname));
    expect(await rawRequest(server.port, `${request}${closing}`)).toMatch(/^HTTP\/1\.1 200 [^]*\/x$/);
  });

  it("rubbish after an answer has begun cuts the connection instead of writing into it", async () => {
    const endless = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array([104, 105])),
    });
    const { server } = await start(() => new Response(endless));
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "readable");
    socket.write("rubbish\r\n\r\n");
    expect((await text(socket)).match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it.each([
    ["rejects", () => Promise.reject(new Error("s3cret"))],
    [
      "throws",
      () => {
        throw new Error("s3cret");
      },
    ],
  ])("an app that %s answers a logged 500 problem", async (_what, app) => {
    const { server, entries } = await start(app);
    const response = await fetch(server.url);
    expect(response.status).toBe(500);
    expect(problemSchema.parse(await response.json()).detail).not.toContain("s3cret");
    expect(entries().filter(({ level }) => level === "error")).toHaveLength(1);
  });

  it("a body over the limit answers 413 over a real connection, declared or not", async () => {
    const { app } = testService((service) => service.post("/", strictJson(), (c) => c.text("never")));
    const { server } = await start(app.fetch);
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n`;
    const tooMuch = "x".repeat(bodyBytesMax + 1);
    const declared = `${head}Content-Length: ${tooMuch.length}\r\n\r\n`;
    const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n${tooMuch.length.toString(16)}\r\n${tooMuch}\r\n0\r\n\r\n`;
    expect(await rawRequest(server.port, declared)).toMatch(/^HTTP\/1\.1 413 /);
    expect(await rawRequest(server.port, chunked)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("a handler that writes to the Node response itself is left alone by the base middleware", async () => {
    const app = new Hono<{ Bindings: HttpBindings; Variables: { requestId: string } }>();
    const { app: base } = testService((service) => service.route("/", app));
    app.get("/", (c) => c.text("unused"));
    base.get("/stream", (c) => {
      const { outgoing } = nodeBindings(c.env);
      outgoing.writeHead(200, { "Content-Type": "text/event-stream", ...baseHeaders(c.get("requestId")) });
      outgoing.end("data: 1\n\n");
      return RESPONSE_ALREADY_SENT;
    });
    const { server, entries } = await start(base.fetch);
    for (const id of ["one", "two"]) {
      const response = await fetch(`${server.url}/stream`, { headers: { "X-Request-Id": id } });
      expect([response.headers.get("X-Request-Id"), await response.text()]).toEqual([id, "data: 1\n\n"]);
    }
    expect([...RESPONSE_ALREADY_SENT.headers.keys()]).toEqual(["x-hono-already-sent"]);
    expect(entries().filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("drain", () => {
  it("pipelined requests are all answered before their connection is closed", async () => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const { server, stop } = await start(async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/2") arrived.resolve();
      await release.promise;
      return new Response(pathname);
    });
    const answer = rawRequest(
      server.port,
      ["/1", "/2"].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""),
    );
    await arrived.promise;
    stop.abort();
    release.resolve();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [^]*\/1HTTP\/1\.1 200 [^]*\/2$/);
    await server.closed;
  });

  it("a request in flight finishes, new connections are refused, then it is closed", async () => {
    const arrived = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { server, stop } = await start(async () => {
      arrived.resolve();
      await release.promise;
      return new Response("finished");
    });
    const answer = fetch(server.url);
    await arrived.promise;
    stop.abort();
    await expect(fetch(server.url)).rejects.toThrow();
    release.resolve();
    const response = await answer;
    expect([await response.text(), response.headers.get("Connection")]).toEqual(["finished", "close"]);
    await server.closed;
  });

  it("idle keep-alive connections do not hold it", async () => {
    const { server, stop } = await start(hello);
    const agent = new Agent({ keepAlive: true });
    const request = get(server.url, { agent });
    const [response] = await once(request, "response");
    await text(response);
    stop.abort();
    await server.closed;
    agent.destroy();
  });

  it("a response whose headers were out is finished and its connection closed", async () => {
    const body = new TransformStream<Uint8Array, Uint8Array>();
    const writer = body.writable.getWriter();
    const { server, stop } = await start(() => new Response(body.readable));
    const response = await fetch(server.url);
    stop.abort();
    await writer.write(new TextEncoder().encode("late"));
    await writer.close();
    expect(await response.text()).toBe("late");
    await server.closed;
  });

  it("what is still open at the deadline is cut", async () => {
    const arrived = Promise.withResolvers<void>();
    const never = () => {
      arrived.resolve();
      return new Promise<Response>(() => undefined);
    };
    const { server, stop, entries } = await start(never, { drainTimeoutMs: 1 });
    const answer = expect(fetch(server.url)).rejects.toThrow();
    await arrived.promise;
    stop.abort();
    await server.closed;
    await answer;
    expect(entries()).toContainEqual(expect.objectContaining({ level: "warn", requestsInFlight: 1 }));
  });

  it("a signal that fired before the start closes at once", async () => {
    const { server } = await start(hello, { signal: AbortSignal.abort() });
    await server.closed;
  });

  it("disposing drains too, and twice is once", async () => {
    const { server } = await start(hello);
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await server.closed;
  });
});

// Over a real server hono's env is the bindings of node-server.
const nodeBindings = (env: unknown): HttpBindings => env as HttpBindings;
