import { waitUntil, type ServiceProcess } from "@leftrail/testkit";

/** What lets a server say how much memory it has. */
export const probed = {
  NODE_OPTIONS: `--import=${new URL("stream-memory-probe-cli.ts", import.meta.url).href}`,
};

export interface Memory {
  readonly residentBytes: number;
  /** Of JavaScript, and of the buffers beside it. */
  readonly heapBytes: number;
}

/** As the server itself sees it, after its garbage was collected. */
export async function memoryOf(server: ServiceProcess): Promise<Memory> {
  const before = reportsIn(server).at(-1);
  server.kill("SIGUSR2");
  const report = await waitUntil(
    () => {
      const last = reportsIn(server).at(-1);
      return last !== before && last;
    },
    { what: "a report of the server's memory" },
  );
  const [, rss, heapUsed, external] = /"rss":(\d+).*"heapUsed":(\d+),"external":(\d+)/.exec(report) ?? [];
  return { residentBytes: Number(rss), heapBytes: Number(heapUsed) + Number(external) };
}

const reportsIn = (server: ServiceProcess): readonly string[] => server.log().match(/\{"memory":.*\}/g) ?? [];
