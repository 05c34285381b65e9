import type { Client, PostgresClientOptions } from "./client.ts";
import { openCuttableClient, type CuttableClient } from "./cuttable-client.ts";
import { mapped, unavailable } from "./errors.ts";

/** How long past its timeout a query may stay without an answer before its client is given up. */
const unsettledMsMax = 1_000;
/** How long closing waits for queries that run, in seconds. */
const closeTimeoutSeconds = 2;

/** A pool for reads that must be answered in time, by a server that may stop answering at all. */
export interface RenewableClient extends AsyncDisposable {
  /** Rejects with `unavailable` when the query takes longer than the timeout, whatever becomes of it. */
  run<T>(query: (client: Client) => Promise<T>): Promise<T>;
}

/**
 * A query that does not settle for long after its timeout has a connection that
 * nobody answers on. The driver would keep it for ever, and the pool would fill with
 * such; so the whole client is replaced, and what still waits on the old one fails.
 */
export function openRenewableClient(options: PostgresClientOptions, queryTimeoutMs: number): RenewableClient {
  let current = openCuttableClient(options);
  let isOver = false;

  const giveUp = (lost: CuttableClient): void => {
    if (lost === current && !isOver) current = openCuttableClient(options);
    void lost.cutOff();
  };

  return {
    run: (query) =>
      new Promise((resolve, reject) => {
        const used = current;
        let timer = setTimeout(() => {
          reject(unavailable(new Error(`no answer within ${queryTimeoutMs} ms`)));
          timer = setTimeout(giveUp, unsettledMsMax, used);
        }, queryTimeoutMs);
        void mapped(() => query(used.client))
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      }),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await current.client.end({ timeout: closeTimeoutSeconds });
      await current.cutOff();
    },
  };
}
