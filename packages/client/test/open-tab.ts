import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** What a tab in a thread of its own is opened with. */
export interface TabInput {
  readonly baseUrl: string;
  readonly shareKey: string;
}

export interface Tab {
  /** At any moment, as a crashed or discarded one goes. */
  kill(): Promise<void>;
  /** Closes its stream, and waits until nothing is left to do in its thread. */
  close(): Promise<void>;
}

/** A tab with an open stream. */
export async function openTab(input: TabInput): Promise<Tab> {
  const worker = new Worker(new URL("tab-thread.ts", import.meta.url), { workerData: input, execArgv: [] });
  await once(worker, "message");
  return {
    async kill() {
      await worker.terminate();
    },
    async close() {
      const exited = once(worker, "exit");
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none, unlike a window
      worker.postMessage("close");
      await exited;
    },
  };
}
