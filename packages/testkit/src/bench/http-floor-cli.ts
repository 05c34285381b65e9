import { createServer } from "node:http";
import { listenOnFreePort } from "../listen.ts";

/** The process of `startHttpFloor`. */
const body = Buffer.from(process.env["BODY"] ?? "");
const headers = (process.env["HEADERS"] ?? "").split("\n");
const keepAliveTimeoutMs = 75_000;

const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (_, response) => {
  response.writeHead(200, headers).end(body);
});
const port = await listenOnFreePort(server);
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }));
