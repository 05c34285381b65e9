import { openClient, prepareRequest, readMetrics, type Timed } from "@leftrail/testkit/bench";

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
  const client = openClient(url, { socketsMax });
  const path = "/v1/internal/api-keys/verify";
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return {
    async verify(key) {
      const request = prepareRequest({ method: "POST", path, headers, body: JSON.stringify({ key }) });
      const { status, latencyMs, body } = await client.sendAndKeep(request);
      return { status, latencyMs, body: body.toString("utf8") };
    },
    metrics: () => readMetrics(url),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** Answers with their latency from when each was due. */
export const sinceDue = (timed: readonly Timed<Answered>[]): Answered[] =>
  timed.map(({ answer, latencyMs }) => ({ ...answer, latencyMs }));
