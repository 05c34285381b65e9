import { setTimeout as delay } from "node:timers/promises";
import { cpuMicrosOf } from "@leftrail/testkit/bench";
import type { StreamServer } from "./stream-servers.ts";

/** Of one core, in so many windows one after the other, while nothing is asked of the server. */
export async function coreShares(
  { process }: StreamServer,
  { windows, windowMs }: { readonly windows: number; readonly windowMs: number },
): Promise<readonly number[]> {
  const shares: number[] = [];
  for (let window = 0; window < windows; window++) {
    const [startMs, startMicros] = [performance.now(), cpuMicrosOf(process.pid)];
    await delay(windowMs);
    shares.push((cpuMicrosOf(process.pid) - startMicros) / ((performance.now() - startMs) * 1000));
  }
  return shares;
}

/** CPU time that work takes a server, in microseconds, without the share of a core that it takes anyway. */
export async function cpuMicrosFor(
  server: StreamServer,
  shareAnyway: number,
  work: () => Promise<void>,
): Promise<number> {
  const [startMs, startMicros] = [performance.now(), cpuMicrosOf(server.process.pid)];
  await work();
  await server.settle();
  const elapsedMicros = (performance.now() - startMs) * 1000;
  return cpuMicrosOf(server.process.pid) - startMicros - shareAnyway * elapsedMicros;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
