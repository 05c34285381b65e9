import { createServer } from "node:net";
import { listenOnFreePort } from "./listen.ts";

/** A TCP port of 127.0.0.1 that was free a moment ago; whoever uses it tries again when it was taken since. */
export async function findFreePort(): Promise<number> {
  await using server = createServer();
  return await listenOnFreePort(server);
}
