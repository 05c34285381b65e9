import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { startFaultProxy, type Fault } from "./fault-proxy.ts";
import { listenOnFreePort } from "./listen.ts";
import { waitUntil } from "./wait-until.ts";

const echo = (socket: Socket) => void socket.pipe(socket);

/** A server and a proxy in front of it. */
async function startBehindProxy(serve: (socket: Socket) => void = echo) {
  const sockets: Socket[] = [];
  let received = "";
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString();
    });
    serve(socket);
  });
  const port = await listenOnFreePort(server);
  const proxy = await startFaultProxy(`tcp://127.0.0.1:${port}/name?x=1`);
  onTestFinished(async () => {
    await proxy[Symbol.asyncDispose]();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { proxy, sockets, server, directly: { port }, received: () => received };
}

/** A client that keeps what it gets and how it ended. */
function openClient({ port }: { readonly port: number }) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let text = "";
  let errorCode: string | undefined;
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    errorCode = error.code;
  });
  return {
    socket,
    text: () => text,
    got: (wanted: string) => waitUntil(() => text === wanted, { what: `the client to get "${wanted}"` }),
    isReset: () => waitUntil(() => errorCode === "ECONNRESET", { what: "the client to be reset" }),
  };
}

/** Time for bytes to pass if anything let them: what others send meanwhile comes back again and again. */
async function whileOthersAreServed(server: { readonly port: number }): Promise<void> {
  const other = openClient(server);
  for (let n = 1; n <= 10; n++) {
    other.socket.write(".");
    await other.got(".".repeat(n));
  }
  other.socket.destroy();
}

test("without a fault bytes and ends pass, each direction by itself, and connections are counted", async () => {
  const { proxy } = await startBehindProxy();
  expect(proxy.url).toBe(`tcp://127.0.0.1:${proxy.port}/name?x=1`);
  const client = openClient(proxy);
  client.socket.write("one");
  await client.got("one");
  expect(proxy.connectionCount()).toBe(1);
  client.socket.end(", two");
  await once(client.socket, "end");
  expect(client.text()).toBe("one, two");
  await waitUntil(() => proxy.connectionCount() === 0, { what: "the connection to be gone" });
});

test("latency is added each way, and bytes keep their order when it falls", async () => {
  const { proxy, directly } = await startBehindProxy();
  const latencyMs = 100;
  const client = openClient(proxy);
  client.socket.write("living, ");
  await client.got("living, ");
  proxy.set({ latencyMs });
  const startMs = performance.now();
  client.socket.write("late, ");
  await client.got("living, late, ");
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(2 * latencyMs);

  client.socket.write("under way, ");
  await whileOthersAreServed(directly);
  proxy.set("none");
  client.socket.write("behind it");
  await client.got("living, late, under way, behind it");
});

test("in a black hole connections are open and nothing passes; healed, what was held flows on", async () => {
  const { proxy, directly, received } = await startBehindProxy();
  const living = openClient(proxy);
  living.socket.write("before, ");
  await living.got("before, ");
  proxy.set("blackHole");
  const fresh = openClient(proxy);
  await once(fresh.socket, "connect");
  living.socket.end("after");
  fresh.socket.write("new");
  await whileOthersAreServed(directly);
  expect(received().replaceAll(".", "")).toBe("before, ");
  await waitUntil(() => proxy.connectionCount() === 2, { what: "both to be accepted" });

  proxy.set("none");
  await living.got("before, after");
  await fresh.got("new");
});

test("through a black hole nobody hears that the other side crashed", async () => {
  const { proxy, sockets, directly } = await startBehindProxy();
  const client = openClient(proxy);
  client.socket.write("hello");
  await client.got("hello");
  proxy.set("blackHole");
  sockets[0]!.resetAndDestroy();
  await whileOthersAreServed(directly);
  expect(client.socket.destroyed).toBe(false);
  proxy.set("none");
  await client.isReset();
});

test("healed with cutLiving, a black hole has swallowed its connections and what they sent", async () => {
  const { proxy, directly, received } = await startBehindProxy();
  proxy.set("blackHole");
  const lost = openClient(proxy);
  lost.socket.write("lost");
  await waitUntil(() => proxy.connectionCount() === 1, { what: "it to be accepted" });
  proxy.set("none", { cutLiving: true });
  await lost.isReset();
  const next = openClient(proxy);
  next.socket.write("next");
  await next.got("next");
  await whileOthersAreServed(directly);
  expect(received()).not.toContain("lost");
});

test("held answers: the server gets what is sent, the client hears of it only when healed", async () => {
  const { proxy, directly, received } = await startBehindProxy();
  proxy.set("holdAnswers");
  const client = openClient(proxy);
  client.socket.write("run this");
  await waitUntil(() => received() === "run this", { what: "the server to get it" });
  await whileOthersAreServed(directly);
  expect(client.text()).toBe("");
  proxy.set("none");
  await client.got("run this");
});

test("refused, living connections are cut and new ones reset at once, until healed", async () => {
  const { proxy, sockets } = await startBehindProxy();
  const living = openClient(proxy);
  living.socket.write("hello");
  await living.got("hello");
  proxy.set("refuse");
  await living.isReset();
  await waitUntil(() => sockets[0]?.destroyed, { what: "the server to lose its side" });
  await openClient(proxy).isReset();
  expect(sockets).toHaveLength(1);
  proxy.set("none");
  const next = openClient(proxy);
  next.socket.write("again");
  await next.got("again");
});

test("a cut resets the living connections once, whatever the fault is", async () => {
  const { proxy } = await startBehindProxy();
  for (const fault of ["none", "blackHole", "holdAnswers"] satisfies Fault[]) {
    proxy.set(fault);
    const client = openClient(proxy);
    await waitUntil(() => proxy.connectionCount() === 1, { what: "it to be accepted" });
    proxy.cut();
    await client.isReset();
    expect(proxy.connectionCount()).toBe(0);
  }
  proxy.set("none");
  const next = openClient(proxy);
  next.socket.write("hello");
  await next.got("hello");
});

test("a server that is not there, or resets, resets the client", async () => {
  const { proxy, sockets, server } = await startBehindProxy();
  const client = openClient(proxy);
  client.socket.write("hello");
  await client.got("hello");
  sockets[0]!.resetAndDestroy();
  await client.isReset();
  server.close();
  await once(server, "close");
  await openClient(proxy).isReset();
});

const megabyte = Buffer.alloc(1024 * 1024, "x");
const megabytes = 96;

test.each<Fault>(["none", { latencyMs: 5 }, "holdAnswers"])(
  "with %o a client that does not read makes the server wait, and gets everything in the end",
  async (fault) => {
    let sent = 0;
    const { proxy } = await startBehindProxy((socket) => {
      const pieces = function* () {
        for (; sent < megabytes; sent++) yield megabyte;
      };
      Readable.from(pieces(), { objectMode: true, highWaterMark: 1 }).pipe(socket);
    });
    proxy.set(fault);
    const client = connect({ port: proxy.port, host: "127.0.0.1" }).pause();
    onTestFinished(() => void client.destroy());
    let before = 0;
    const isStalled = () => {
      const isStill = sent > 0 && sent === before;
      before = sent;
      return isStill;
    };
    await waitUntil(isStalled, { what: "the server to wait", intervalMs: 100 });
    expect(sent).toBeLessThan(megabytes / 2);

    proxy.set("none");
    let receivedBytes = 0;
    for await (const chunk of client) receivedBytes += (chunk as Buffer).length;
    expect(receivedBytes).toBe(megabytes * megabyte.length);
  },
);

test("its disposal resets what is open, held or not, and refuses what comes", async () => {
  const { proxy } = await startBehindProxy();
  proxy.set({ latencyMs: 60_000 });
  const late = openClient(proxy);
  late.socket.write("too late");
  await waitUntil(() => proxy.connectionCount() === 1, { what: "it to be accepted" });
  proxy.set("blackHole");
  const held = openClient(proxy);
  await waitUntil(() => proxy.connectionCount() === 2, { what: "both to be accepted" });
  await proxy[Symbol.asyncDispose]();
  await late.isReset();
  await held.isReset();
  const refused = openClient(proxy);
  await expect(once(refused.socket, "connect")).rejects.toThrow("ECONNREFUSED");
});

test("URLs keep what they say but for host and port, with the port that their scheme has by default", async () => {
  const proxied = async (url: string) => {
    await using proxy = await startFaultProxy(url);
    return proxy.url.replace(`:${proxy.port}`, ":1");
  };
  expect(await proxied("http://localhost:8080")).toBe("http://127.0.0.1:1");
  expect(await proxied("http://[::1]/")).toBe("http://127.0.0.1:1/");
  expect(await proxied("redis://somewhere")).toBe("redis://127.0.0.1:1");
  expect(await proxied("postgres://me:p%40ss@db/app?x=1")).toBe("postgres://me:p%40ss@127.0.0.1:1/app?x=1");
  await expect(proxied("gopher://somewhere")).rejects.toThrow("gopher:");
});
