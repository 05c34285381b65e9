import { createLogger, serve, type ServeOptions } from "@leftrail/service";
import { request, type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";

export interface ServerAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Names and values in turns, sent as they are. */
export type RawHeaders = readonly string[];

/** A server around an app, and requests to it as they go over the wire. */
export async function startServer(app: Pick<ServeOptions, "fetch" | "direct">) {
  const server = await serve({
    fetch: app.fetch,
    ...(app.direct === undefined ? {} : { direct: app.direct }),
    host: "127.0.0.1",
    port: 0,
    logger: createLogger({ level: "silent", name: "test" }),
    signal: new AbortController().signal,
    drainTimeoutMs: 1_000,
  });
  return {
    ask: (method: string, path: string, headers: RawHeaders): Promise<ServerAnswer> =>
      askOnce(server.port, method, path, headers),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function askOnce(port: number, method: string, path: string, given: RawHeaders): Promise<ServerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ServerAnswer>();
  const host = given.includes("Host") ? [] : ["Host", `127.0.0.1:${port}`];
  const headers = [...host, ...given, "Connection", "close"];
  const asked = request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
    buffer(response).then(
      (bytes) => resolve({ status: response.statusCode, headers: response.headers, bytes }),
      reject,
    );
  });
  asked.on("error", reject).end();
  return promise;
}
