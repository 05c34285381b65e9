import { waitUntil, type TestRedis } from "@leftrail/testkit";
import type { Redis } from "ioredis";
import { openClient } from "./brokers.ts";

/** Makes one server follow the other through a proxy, and waits until it does. */
export async function replicate(primary: TestRedis, replica: TestRedis, port: number) {
  const clients = { primary: await openClient(primary.url), replica: await openClient(replica.url) };
  await clients.primary.config("SET", "repl-diskless-sync-delay", "0");
  await clients.replica.config("SET", "repl-diskless-sync-delay", "0");
  await follow(clients.replica, `redis://127.0.0.1:${port}`);
  return {
    ...clients,
    replicaHas: (organization: string, events: number) =>
      waitUntil(async () => (await clients.replica.xlen(`events:{${organization}}:log`)) === events, {
        what: "the replica to have the events",
      }),
    [Symbol.dispose]() {
      clients.primary.disconnect();
      clients.replica.disconnect();
    },
  };
}

/** Resolves when it has the other's data. */
export async function follow(redis: Redis, url: string): Promise<void> {
  await redis.replicaof("127.0.0.1", new URL(url).port);
  await waitUntil(async () => (await redis.info("replication")).includes("master_link_status:up"), {
    what: "the replica to have the data",
  });
}
