import { coreShares, mean } from "./stream-cpu.ts";
import { memoryOf } from "./stream-memory.ts";
import { startReaders } from "./stream-readers.ts";
import type { StreamServer } from "./stream-servers.ts";

/** So many come and go first: what a server makes once is not of the streams. */
const warmUpStreams = 500;
const shareBefore = { windows: 2, windowMs: 2_500 };

/** A server with open streams. */
export interface Held extends AsyncDisposable {
  readonly server: StreamServer;
  /** What the process has grown by for each of them, after its garbage was collected. */
  readonly residentKib: number;
  readonly heapKib: number;
  /** Of a core that it took without them. */
  readonly shareBefore: number;
}

/** Opens a stream for each request, from a process of its own. The server goes with what is returned. */
export async function holdStreams(server: StreamServer, requests: readonly Uint8Array[]): Promise<Held> {
  await using starting = new AsyncDisposableStack();
  starting.use(server);
  const readers = starting.use(startReaders());
  await readers.open(server.url, requests.slice(0, warmUpStreams));
  await readers.cut();
  const share = mean(await coreShares(server, shareBefore));
  const before = await memoryOf(server.process);
  await readers.open(server.url, requests);
  const after = await memoryOf(server.process);
  const each = (of: keyof typeof after): number => (after[of] - before[of]) / requests.length / 1024;
  const resources = starting.move();
  return {
    server,
    residentKib: each("residentBytes"),
    heapKib: each("heapBytes"),
    shareBefore: share,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
