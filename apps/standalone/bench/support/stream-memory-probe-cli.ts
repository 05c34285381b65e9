import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Loaded into a server before its own main: on SIGUSR2 it collects garbage and says how much memory is left. */
setFlagsFromString("--expose-gc");
const gc: unknown = runInNewContext("gc");

process.on("SIGUSR2", () => {
  if (typeof gc !== "function") throw new TypeError("this Node has no gc to call");
  // The second one takes what the first one's finalizers let go.
  for (let times = 0; times < 2; times++) Reflect.apply(gc, undefined, []);
  setImmediate(() => console.log(JSON.stringify({ memory: process.memoryUsage(), atMs: performance.now() })));
});
