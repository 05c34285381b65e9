import { createServer, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/**
 * The process of `startStreamFloor`: what a plain server has to do for open streams. It knows nobody, and what is
 * posted goes to all as it is, in one buffer and one loop.
 */
const replay = process.env["REPLAY"] ?? "";
const heartbeatMs = Number(process.env["HEARTBEAT_MS"]);
const keepAliveTimeoutMs = 75_000;
const open = new Set<ServerResponse>();
const heartbeat = Buffer.from(":heartbeat\n\n");
const begin = Buffer.from("retry: 2000\n\nid: 1-0\n\n");
const beginWithReplay = Buffer.from(`retry: 2000\n\nid: 1-0\n\n${replay}`);

const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
  if (request.method === "POST") void publish(response, text(request));
  else if (request.url === "/healthz") response.end("alive");
  else stream(response, request.url === "/replay" ? beginWithReplay : begin);
});

function stream(response: ServerResponse, first: Buffer): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write(first);
  open.add(response);
  response.on("close", () => open.delete(response));
}

async function publish(response: ServerResponse, body: Promise<string>): Promise<void> {
  writeToAll(Buffer.from(await body));
  response.end("{}");
}

function writeToAll(bytes: Buffer): void {
  for (const response of open) response.write(bytes);
}

setInterval(() => writeToAll(heartbeat), heartbeatMs);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(JSON.stringify({ url: `http://127.0.0.1:${address?.port}` }));
});
