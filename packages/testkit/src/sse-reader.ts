import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { StringDecoder } from "node:string_decoder";

/** An event as EventSource would dispatch it. */
export interface SseEvent {
  /** The id that the client holds after it. */
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** How a stream was over: `end` is in order, `cut` is anything else. */
type SseEnd = "end" | "cut";

/** One request for a stream and all that it brought, by the rules of EventSource; it never comes back by itself. */
export interface SseReader extends Disposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it is on the wire so far. */
  readonly text: string;
  readonly events: readonly SseEvent[];
  readonly comments: readonly string[];
  readonly lastEventId: string;
  /** What the stream said of when to come back. */
  readonly retryMs: number | undefined;
  /** Undefined while it is open. */
  readonly end: SseEnd | undefined;
  /** Leaves the rest in the socket, as a client that is too slow. */
  pause(): void;
  resume(): void;
}

/** Resolves with the first byte of the answer's body, or at its end; also for what is no stream. */
export async function openSse(
  url: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<SseReader> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request(url, { method, headers, agent: false }, resolve);
  asked.on("error", reject).end();
  const response = await promise;
  const state = collect(response);
  await state.begun;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    get text() {
      return state.text;
    },
    get events() {
      return state.parser.events;
    },
    get comments() {
      return state.parser.comments;
    },
    get lastEventId() {
      return state.parser.lastEventId;
    },
    get retryMs() {
      return state.parser.retryMs;
    },
    get end() {
      return state.end;
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    [Symbol.dispose]: () => void asked.destroy(),
  };
}

interface Collected {
  text: string;
  end: SseEnd | undefined;
  readonly parser: SseParser;
  readonly begun: Promise<void>;
}

function collect(response: IncomingMessage): Collected {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const decoder = new StringDecoder("utf8");
  const state: Collected = { text: "", end: undefined, parser: createSseParser(), begun };
  const isOver = (end: SseEnd): void => {
    state.end ??= end;
    resolve();
  };
  response.on("data", (bytes: Buffer) => {
    const piece = decoder.write(bytes);
    state.text += piece;
    state.parser.push(piece);
    resolve();
  });
  response.on("end", () => isOver("end"));
  response.on("error", () => isOver("cut"));
  response.on("close", () => isOver("cut"));
  return state;
}

export interface SseParser {
  readonly events: readonly SseEvent[];
  readonly comments: readonly string[];
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
  push(piece: string): void;
}

/** The parser of the HTML standard, section 9.2.6, in pieces of any size. */
export function createSseParser(): SseParser {
  const events: SseEvent[] = [];
  const comments: string[] = [];
  let rest = "";
  let idBuffer = "";
  let lastEventId = "";
  let retryMs: number | undefined;
  let type = "";
  let data: string[] = [];

  function dispatch(): void {
    lastEventId = idBuffer;
    if (data.length > 0) events.push({ id: lastEventId, type: type || "message", data: data.join("\n") });
    type = "";
    data = [];
  }

  function takeField(name: string, value: string): void {
    if (name === "event") type = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) idBuffer = value;
    else if (name === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
  }

  function takeLine(line: string): void {
    const colon = line.indexOf(":");
    if (line === "") dispatch();
    else if (colon === 0) comments.push(line.slice(1));
    else if (colon === -1) takeField(line, "");
    else takeField(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
  }

  return {
    events,
    comments,
    get lastEventId() {
      return lastEventId;
    },
    get retryMs() {
      return retryMs;
    },
    push(piece) {
      // A CR at the end of a piece may be half of a CR LF.
      const text = rest + piece;
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) takeLine(line);
    },
  };
}
