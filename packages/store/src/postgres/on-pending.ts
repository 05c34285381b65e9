import type { PostgresClientOptions } from "./client.ts";
import { openCuttableClient } from "./cuttable-client.ts";
import { changesChannel } from "./outbox.ts";

/** Rows are found without listening too, so a server that refuses connections is not pressed. */
const reconnectDelayMsMin = 250;

/** A server that accepts and never answers must not hold up who wants to stop. */
const listenDeadlineMs = 2_000;

/** Listens on a connection of its own; the driver makes it again when it is lost, and says so. */
export async function onPending(
  options: PostgresClientOptions,
  listener: () => void,
): Promise<AsyncDisposable> {
  const cuttable = openCuttableClient({
    ...options,
    applicationName: `${options.applicationName}-listener`,
    connectionsMax: 1,
    reconnectDelayMsMin,
  });
  let isOver = false;
  const call = (): void => {
    if (!isOver) listener();
  };
  const close = async (): Promise<void> => {
    isOver = true;
    await cuttable.cutOff();
  };
  const deadline = setTimeout(() => void close(), listenDeadlineMs);
  try {
    await cuttable.client.listen(changesChannel, call, call);
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(deadline);
  }
  return { [Symbol.asyncDispose]: close };
}
