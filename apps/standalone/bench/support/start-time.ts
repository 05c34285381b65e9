import { join } from "node:path";
import { openClient, quantile, type Line } from "@leftrail/testkit/bench";
import { against } from "./against.ts";
import { insertUsers, type BenchFleet } from "./bench-fleet.ts";

const root = join(import.meta.dirname, "../../../..");
const starts = 5;

/** From starting the process to its first answered request. */
export async function measureStart(fleet: BenchFleet): Promise<Line[]> {
  const [user] = await insertUsers(fleet, 1);
  if (user === undefined) throw new Error("no user");
  const untilMs: number[] = [];
  for (let n = 0; n < starts; n++) {
    const startMs = performance.now();
    // As the script of package.json starts it: what was compiled once is kept.
    const hotPath = await fleet.startHotPath({ NODE_COMPILE_CACHE: join(root, ".leftrail/compile-cache") });
    using client = openClient(hotPath.url, { socketsMax: 1 });
    const { status } = await client.send(user.features);
    untilMs.push(performance.now() - startMs);
    if (status !== 200) throw new Error(`the first answer was ${status}`);
    await hotPath[Symbol.asyncDispose]();
  }
  return [
    against(
      { what: "start to first answer, median", value: quantile(untilMs, 0.5), unit: "ms" },
      400,
      "some hundred source files are loaded one by one, which a bundle would not be",
    ),
  ];
}
