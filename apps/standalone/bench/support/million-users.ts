import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { organizationsRead } from "@leftrail/cache-keys";
import { createEpochTable, createLocalEpochs, createReadCache, localBytesMax } from "@leftrail/read-cache";
import type { Line } from "@leftrail/testkit/bench";
import { randomUUID } from "node:crypto";

const users = 1_000_000;
const body = JSON.stringify({ organizations: [{ id: randomUUID(), name: "Some organization of somebody" }] });

/** What the process's own tier takes when a million people come by: by its own count, and by the heap's. */
export async function measureMillionUsers(): Promise<Line[]> {
  const collectGarbage = exposedGc();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const table = createEpochTable();
  const cache = createReadCache({
    table,
    feed: { provenAtMs: () => performance.now(), hasHeard: () => true },
    shared: createLocalEpochs(),
    outbox: { look: async () => ({ rows: [], mark: undefined }) },
    ping: async () => undefined,
    clock: () => performance.now(),
  });
  for (let n = 0; n < users; n++) {
    await cache.read({
      read: organizationsRead(randomUUID()),
      variant: "",
      // A text of its own for each, as the database gives it.
      load: async () => ({ kind: "found", body: `${body} ${n}`.trim(), endsInMs: null }),
    });
  }
  collectGarbage();
  const heapBytes = process.memoryUsage().heapUsed - before;
  return [
    {
      what: `local tier after ${users} users, by its own count`,
      value: cache.localBytes / 2 ** 20,
      unit: "MiB",
    },
    {
      what: `local tier after ${users} users, of the heap (bound ${localBytesMax / 2 ** 20})`,
      value: heapBytes / 2 ** 20,
      unit: "MiB",
    },
    { what: "scopes that it knows then", value: table.size, unit: "" },
  ];
}

/** Only a collected heap can be compared. */
function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") throw new TypeError("this Node has no gc to call");
  return () => void Reflect.apply(gc, undefined, []);
}
