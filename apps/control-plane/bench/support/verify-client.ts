import { Agent, request, type IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";

/** Sockets to the server at most: more requests than that wait in the client and count as slow. */
const socketsMax = 256;

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly latencyMs: number;
}

/** Asks a control plane about keys, over connections that stay open. */
export interface VerifyClient extends Disposable {
  verify(key: string): Promise<Answered>;
  /** Values of /metrics by name and labels, as they stand there. */
  metrics(): Promise<ReadonlyMap<string, number>>;
}

export function openVerifyClient(url: string, token: string): VerifyClient {
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax });
  const target = new URL("/v1/internal/api-keys/verify", url);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return {
    async verify(key) {
      const startMs = performance.now();
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = request(target, { method: "POST", agent, headers });
        sent.once("response", resolve).once("error", reject);
        sent.end(JSON.stringify({ key }));
      });
      const body = await textOf(response);
      return { status: response.statusCode ?? 0, body, latencyMs: performance.now() - startMs };
    },
    async metrics() {
      const text = await (await fetch(new URL("/metrics", url))).text();
      const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return new Map(
        lines.map((line) => {
          const at = line.lastIndexOf(" ");
          return [line.slice(0, at), Number(line.slice(at + 1))];
        }),
      );
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  return text;
}

/** Starts `send` at a fixed rate, whatever becomes of it, and waits for all of them. */
export async function openLoop<T>(options: {
  readonly perSecond: number;
  readonly seconds: number;
  readonly send: () => Promise<T>;
}): Promise<T[]> {
  const { perSecond, seconds, send } = options;
  const startMs = performance.now();
  const sent: Promise<T>[] = [];
  while (sent.length < perSecond * seconds) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - startMs) / 1000) * perSecond));
    while (sent.length < due) sent.push(send());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(sent);
}
