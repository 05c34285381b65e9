import { openHttpConnection, type Address, type HttpConnection } from "./http-connection.ts";

/** As fast as the connections go, one request after the other on each, so many in all or for so long. */
export type ClosedLoop = {
  readonly connections: number;
  /** The n-th request's bytes, from 0. */
  readonly request: (n: number) => Buffer;
} & ({ readonly requests: number } | { readonly seconds: number });

export interface ClosedLoopResult {
  /** In no particular order. */
  readonly latenciesMs: readonly number[];
  /** How many answers had which status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly seconds: number;
}

/** Its connections are open before the clock starts. Rejects when one of them fails. */
export async function runClosedLoop(address: Address, loop: ClosedLoop): Promise<ClosedLoopResult> {
  using resources = new DisposableStack();
  const opened = await Promise.all(
    Array.from({ length: loop.connections }, async () => resources.use(await openHttpConnection(address))),
  );
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const startMs = performance.now();
  const endMs = "seconds" in loop ? startMs + loop.seconds * 1000 : Number.POSITIVE_INFINITY;
  const requestsMax = "requests" in loop ? loop.requests : Number.POSITIVE_INFINITY;
  let sent = 0;

  const drive = (connection: HttpConnection): Promise<void> =>
    new Promise((resolve, reject) => {
      const sendNext = (): void => {
        const sentMs = performance.now();
        if (sent >= requestsMax || sentMs >= endMs) return resolve();
        connection.exchange(loop.request(sent++), false, (answer) => {
          if (answer instanceof Error) return reject(answer);
          latenciesMs.push(performance.now() - sentMs);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          return sendNext();
        });
      };
      sendNext();
    });
  await Promise.all(opened.map(drive));
  return { latenciesMs, statuses, seconds: (performance.now() - startMs) / 1000 };
}
