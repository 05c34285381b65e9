import { randomBytes } from "node:crypto";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";
import { findFreePort } from "./free-port.ts";
import { serverAccount } from "./postgres-binaries.ts";
import { findPostmaster } from "./postmaster.ts";
import { childrenOf, freezeProcesses, thawProcesses } from "./process-control.ts";

/** A Postgres of one's own with an empty cluster, which can be made to fail. */
export interface OwnPostgres extends AsyncDisposable {
  /** The superuser's URL of the database `postgres`; the same after a restart. */
  readonly url: string;
  /** Ends it, frozen or not: clients are told so and disconnected, new connections refused. */
  stop(): Promise<void>;
  /** On the same port with the same data. Throws when it runs. */
  start(): Promise<void>;
  /** Stops the server and all its processes where they stand: connections stay open, nothing is answered. */
  freeze(): Promise<void>;
  /** Lets them go on. */
  thaw(): void;
}

/** Durability is worth nothing to a server that dies with the tests. */
const settings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "200",
};

/** Starts the embedded one in a folder of its own. Throws an Error saying why not. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  await using starting = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "leftrail-test-"));
  starting.defer(() => rm(dir, { recursive: true, force: true }));
  const { uid, gid } = await serverAccount();
  if (uid !== undefined && gid !== undefined) await chown(dir, uid, gid);

  const dataDir = join(dir, "data");
  const password = randomBytes(16).toString("hex");
  const startOn = (findPort: () => Promise<number>) =>
    startEmbeddedPostgres({ dataDir, password, settings, findPort });
  let server: EmbeddedPostgres | undefined = await startOn(findFreePort);
  const { url } = server;
  const port = Number(new URL(url).port);
  let frozen: readonly number[] = [];

  const thaw = (): void => {
    thawProcesses(frozen);
    frozen = [];
  };
  // A frozen server would not hear that it is asked to stop.
  starting.defer(atExit(thaw));
  const stop = async (): Promise<void> => {
    thaw();
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  };
  starting.defer(stop);
  const resources = starting.move();
  return {
    url,
    stop,
    thaw,
    async start() {
      if (server !== undefined) throw new Error("this Postgres runs already");
      server = await startOn(async () => port);
    },
    async freeze() {
      const postmaster = await findPostmaster(dataDir);
      if (postmaster === undefined) throw new Error("this Postgres is stopped");
      // The postmaster first: once it stands still, no further child appears.
      frozen = [postmaster.pid];
      await freezeProcesses(frozen);
      frozen = [...frozen, ...(await childrenOf(postmaster.pid))];
      await freezeProcesses(frozen);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
