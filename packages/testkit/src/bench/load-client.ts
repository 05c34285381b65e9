import { runClosedLoop, type ClosedLoop, type ClosedLoopResult } from "./closed-loop.ts";
import type { RawAnswer } from "./http-answer.ts";
import { openConnectionPool } from "./connection-pool.ts";

export interface Answer {
  readonly status: number;
  /** From the call on, waiting for a free connection included. */
  readonly latencyMs: number;
}

export interface FullAnswer extends Answer {
  readonly headers: Headers;
  readonly body: Buffer;
}

/** An HTTP/1.1 client that costs little beside the server that it measures. Requests are those of `prepareRequest`. */
export interface LoadClient extends Disposable {
  send(request: Buffer): Promise<Answer>;
  /** Keeps what came, for checks. */
  sendAndKeep(request: Buffer): Promise<FullAnswer>;
  /** On connections of its own. Rejects when one of them fails. */
  runClosedLoop(loop: ClosedLoop): Promise<ClosedLoopResult>;
}

export function openClient(url: string, { socketsMax }: { readonly socketsMax: number }): LoadClient {
  const { hostname, port } = new URL(url);
  const address = { host: hostname, port: Number(port) };
  const pool = openConnectionPool(address, socketsMax);
  const exchange = async (
    request: Buffer,
    isKept: boolean,
  ): Promise<Answer & { readonly raw: RawAnswer }> => {
    const startMs = performance.now();
    const raw = await pool.exchange(request, isKept);
    return { status: raw.status, latencyMs: performance.now() - startMs, raw };
  };
  return {
    async send(request) {
      const { status, latencyMs } = await exchange(request, false);
      return { status, latencyMs };
    },
    async sendAndKeep(request) {
      const { raw, ...answer } = await exchange(request, true);
      return { ...answer, headers: headersOf(raw), body: raw.body };
    },
    runClosedLoop: (loop) => runClosedLoop(address, loop),
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}

function headersOf({ head }: RawAnswer): Headers {
  const [, ...lines] = head.split("\r\n");
  return new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}
