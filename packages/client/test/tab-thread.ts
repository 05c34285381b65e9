import { parentPort, workerData } from "node:worker_threads";
import { createClient } from "../src/index.ts";
import type { TabInput } from "./open-tab.ts";

const { baseUrl, shareKey }: TabInput = workerData;

const stream = createClient({ baseUrl, shareKey, token: () => shareKey }).openStream({
  organizationId: "acme",
  onEvent: () => undefined,
  onGap: () => undefined,
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none, unlike a window
  onStateChange: (state) => parentPort?.postMessage(state),
});
parentPort?.once("message", () => stream.close());
