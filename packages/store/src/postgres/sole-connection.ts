import type { Sql } from "./client.ts";
import { openCuttableClient, type CuttableClientOptions } from "./cuttable-client.ts";
import { mapped, unavailable } from "./errors.ts";

/** One connection, with what the server keeps for its session; when it is lost it is not made again. */
export interface SoleConnection extends AsyncDisposable {
  readonly isOpen: boolean;
  /** Runs a statement on this connection or nowhere. Rejects at the deadline, and the connection is given up. */
  run<T>(statement: (sql: Sql) => Promise<T>): Promise<T>;
}

export type SoleConnectionOptions = Omit<CuttableClientOptions, "connectionsMax" | "onClose"> & {
  /** How long connecting and each statement may take. */
  readonly deadlineMs: number;
};

/**
 * A pool makes lost connections again without a word, and the next statement would
 * run in a session that holds nothing. A reserved connection stays closed, since
 * nothing else asks this client for one; and what waits for it is told at once.
 */
export async function openSoleConnection(options: SoleConnectionOptions): Promise<SoleConnection> {
  const waiting = new Set<(error: Error) => void>();
  let isOpen = true;

  const lose = (): void => {
    isOpen = false;
    for (const reject of waiting) reject(connectionLost());
    void cuttable.cutOff();
  };
  const cuttable = openCuttableClient({ ...options, connectionsMax: 1, onClose: lose });

  const withinDeadline = <T>(work: () => Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const deadline = setTimeout(lose, options.deadlineMs);
      waiting.add(reject);
      void mapped(work)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(deadline);
          waiting.delete(reject);
        });
    });

  try {
    const sql = await withinDeadline(async () => {
      // A first statement connects: the driver never answers a reservation that has to, where it needs no types.
      await cuttable.client`select 1`;
      return cuttable.client.reserve();
    });
    return {
      get isOpen() {
        return isOpen;
      },
      async run(statement) {
        if (!isOpen) throw connectionLost();
        return withinDeadline(() => statement(sql));
      },
      async [Symbol.asyncDispose]() {
        isOpen = false;
        await cuttable.cutOff();
      },
    };
  } catch (error) {
    await cuttable.cutOff();
    throw error;
  }
}

const connectionLost = (): Error => unavailable(new Error("the connection is lost"));
