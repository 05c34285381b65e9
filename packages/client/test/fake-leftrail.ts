import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createFakeHistory } from "./fake-history.ts";

/** What one request was. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The hot path for one organization, faked: real HTTP, and the contract's bytes on the wire. */
export interface FakeLeftrail extends AsyncDisposable {
  readonly baseUrl: string;
  readonly asked: readonly Asked[];
  tickets(): readonly Asked[];
  streams(): readonly Asked[];
  /** Of the streams that are open, oldest first. */
  openTickets(): readonly string[];
  /** The next request for the path gets this answer instead. */
  answerNext(path: string, answer: Answer): void;
  /** What a read answers, with its ETag. */
  setBody(path: string, etag: string, body: unknown): void;
  /** Appends to the history and sends it to the open streams; returns the id. */
  publish(type: string, data: object): string;
  /** `stream.…`, to every open stream. */
  tell(type: string, data: object): void;
  /** Any bytes, to every open stream. */
  send(text: string): void;
  endStreams(): void;
  /** Streams, by tickets issued so far, are answered with 401. */
  expireTickets(): void;
  /** Streams wait for their first byte until the result is called. */
  holdStreams(): () => void;
  /** The history is gone, and with it the ids. */
  loseHistory(): void;
}

/** How long the fake tells EventSource to wait. */
export const retryMs = 20;

interface OpenStream {
  readonly ticket: string;
  readonly response: ServerResponse;
  readonly types: readonly string[];
}

export async function startFakeLeftrail(): Promise<FakeLeftrail> {
  const asked: Asked[] = [];
  const open = new Set<OpenStream>();
  const answers: { readonly path: string; readonly answer: Answer }[] = [];
  const bodies = new Map<string, { readonly etag: string; readonly text: string }>();
  const validTickets = new Set<string>();
  const history = createFakeHistory();
  let ticketCount = 0;
  let gate: Promise<void> = Promise.resolve();

  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the fake listens on no port");

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "", "http://fake");
    const { method = "", headers } = request;
    const body = (await request.toArray()).join("");
    asked.push({ method, path, query, headers, body });
    const index = answers.findIndex((each) => each.path === path);
    const [special] = index < 0 ? [] : answers.splice(index, 1);
    if (special !== undefined) return answer(response, special.answer);
    if (path === "/v1/stream/tickets") return issueTicket(response);
    if (path === "/v1/stream") return stream(response, query, headers);
    return read(response, path, headers);
  }

  function issueTicket(response: ServerResponse): void {
    const ticket = `st_${++ticketCount}`;
    validTickets.add(ticket);
    answer(response, json(201, { ticket, expiresAt: "2026-01-31T12:00:00.000Z" }));
  }

  async function stream(
    response: ServerResponse,
    query: URLSearchParams,
    headers: IncomingMessage["headers"],
  ): Promise<void> {
    await gate;
    const ticket = query.get("token") ?? "";
    if (!validTickets.has(ticket)) return answer(response, problem(401, "unauthenticated"));
    const types = query.get("events")?.split(",") ?? [];
    const header = headers["last-event-id"];
    const after = (Array.isArray(header) ? header[0] : header) ?? query.get("last_event_id");
    const { position, frames } = history.readAfter(after, types);
    response.writeHead(200, {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-cache, no-transform",
    });
    response.write(`retry: ${retryMs}\n\nid: ${position}\n\n${frames.join("")}`);
    const entry = { ticket, response, types };
    open.add(entry);
    response.on("close", () => open.delete(entry));
    return undefined;
  }

  function read(response: ServerResponse, path: string, headers: IncomingMessage["headers"]): void {
    const found = bodies.get(path);
    if (found === undefined) return answer(response, problem(403, "forbidden"));
    if (headers["if-none-match"] === found.etag) return answer(response, { status: 304 });
    return answer(response, { status: 200, headers: { ETag: found.etag }, body: found.text });
  }

  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    asked,
    tickets: () => asked.filter(({ path }) => path === "/v1/stream/tickets"),
    streams: () => asked.filter(({ path }) => path === "/v1/stream"),
    openTickets: () => Array.from(open, ({ ticket }) => ticket),
    answerNext: (path, special) => void answers.push({ path, answer: special }),
    setBody: (path, etag, body) => void bodies.set(path, { etag, text: JSON.stringify(body) }),
    publish(type, data) {
      const { id, frame } = history.append(type, data);
      for (const { response, types } of open) {
        if (types.length === 0 || types.includes(type)) response.write(frame);
        else response.write(`:heartbeat\nid: ${id}\n\n`);
      }
      return id;
    },
    tell(type, data) {
      for (const { response } of open) response.write(history.own(type, data));
    },
    send(text) {
      for (const { response } of open) response.write(text);
    },
    endStreams() {
      for (const { response } of open) response.end();
      open.clear();
    },
    expireTickets: () => validTickets.clear(),
    holdStreams() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    loseHistory: () => history.lose(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const json = (
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
});

/** A problem document, as every error answer carries one. */
export const problem = (
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => {
  const document = {
    type: `urn:leftrail:problem:${code}`,
    title: code,
    status,
    detail: `The fake says ${code}`,
    code,
    instance: "urn:leftrail:request:fake-1",
  };
  return json(status, document, { "Content-Type": "application/problem+json", ...headers });
};

function answer(response: ServerResponse, { status, headers = {}, body = "" }: Answer): void {
  response.writeHead(status, headers).end(body);
}
