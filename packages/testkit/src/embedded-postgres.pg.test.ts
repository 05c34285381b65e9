import { chown, copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import { findFreePort } from "./free-port.ts";
import { serverAccount } from "./postgres-binaries.ts";
import { findPostmaster, findReadyPostmaster } from "./postmaster.ts";
import { waitUntil } from "./wait-until.ts";

const timeout = 30_000;
const settings = { fsync: "off" };

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leftrail postgres-"));
  const { uid, gid } = await serverAccount();
  if (uid !== undefined && gid !== undefined) await chown(dir, uid, gid);
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

async function query<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

const folderOf = (url: string): Promise<string> =>
  query(url, async (sql) => (await sql`show data_directory`)[0]?.["data_directory"]);

test("data and password outlive a restart; once stopped, nobody answers", { timeout }, async () => {
  const dir = await makeDir();
  // What URLs, shells and SQL give a meaning to.
  const password = `p@ss:w/o?r&d#% '"$\\\`+é`;
  const options = { dataDir: join(dir, "data"), password, settings };
  let stoppedUrl = "";
  {
    await using first = await startEmbeddedPostgres(options);
    expect(first.wasRunning).toBe(false);
    await query(first.url, async (sql) => {
      await sql`create table kept (value text)`;
      await sql`insert into kept values ('still here')`;
    });
    stoppedUrl = first.url;
  }
  await expect(query(stoppedUrl, (sql) => sql`select 1`)).rejects.toThrow("ECONNREFUSED");
  expect(await readdir(dir)).toEqual(["data"]);

  await using second = await startEmbeddedPostgres(options);
  expect(second.wasRunning).toBe(false);
  expect(await query(second.url, (sql) => sql`select value from kept`)).toEqual([{ value: "still here" }]);
  const wrong = new URL(second.url);
  wrong.password = "wrong";
  await expect(query(wrong.href, (sql) => sql`select 1`)).rejects.toThrow("password authentication failed");
});

test("two clusters run at once, each in its folder", { timeout }, async () => {
  const dir = await makeDir();
  const start = (name: string) =>
    startEmbeddedPostgres({ dataDir: join(dir, name), password: name, settings });
  await using servers = new AsyncDisposableStack();
  const [one, other] = (await Promise.all([start("one"), start("other")])).map((it) => servers.use(it));
  expect(await folderOf(one!.url)).toBe(join(dir, "one"));
  expect(await folderOf(other!.url)).toBe(join(dir, "other"));
});

test("a server that runs on the folder already is taken as it is", { timeout }, async () => {
  const options = { dataDir: join(await makeDir(), "data"), password: "secret", settings };
  await using first = await startEmbeddedPostgres(options);
  await using second = await startEmbeddedPostgres(options);
  expect(second).toMatchObject({ wasRunning: true, url: first.url });
});

test("one that is about to stop is waited for, and started anew", { timeout }, async () => {
  const options = { dataDir: join(await makeDir(), "data"), password: "secret", settings };
  await using first = await startEmbeddedPostgres(options);
  const checkpointer = await query(first.url, async (sql) => {
    const [row] = await sql`select pid from pg_stat_activity where backend_type = 'checkpointer'`;
    return Number(row?.["pid"]);
  });
  const { pid } = (await findPostmaster(options.dataDir))!;
  // A server can't end without its checkpointer.
  process.kill(checkpointer, "SIGSTOP");
  process.kill(pid, "SIGINT");
  await waitUntil(async () => (await findPostmaster(options.dataDir))?.isReady === false, {
    what: "the server to begin its stop",
  });
  await expect(findReadyPostmaster(options.dataDir, 50)).rejects.toThrow(`process ${pid}`);
  process.kill(checkpointer, "SIGCONT");
  await using second = await startEmbeddedPostgres(options);
  expect(second.wasRunning).toBe(false);
  expect(await query(second.url, (sql) => sql`select 1 as one`)).toEqual([{ one: 1 }]);
});

test(
  "a stale lock that names another live Postgres leads to neither harm nor mistake",
  { timeout },
  async () => {
    const dir = await makeDir();
    const [mine, foreign] = [join(dir, "mine"), join(dir, "foreign")];
    await using other = await startEmbeddedPostgres({ dataDir: foreign, password: "other", settings });
    await (
      await startEmbeddedPostgres({ dataDir: mine, password: "secret", settings })
    )[Symbol.asyncDispose]();
    await copyFile(join(foreign, "postmaster.pid"), join(mine, "postmaster.pid"));
    await using server = await startEmbeddedPostgres({ dataDir: mine, password: "secret", settings });
    expect(server.wasRunning).toBe(false);
    expect(await folderOf(server.url)).toBe(mine);
    expect(await folderOf(other.url)).toBe(foreign);
  },
);

test("a port that was taken meanwhile is given up for another one", { timeout }, async () => {
  const dir = await makeDir();
  await using taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const takenPort = (taken.address() as AddressInfo).port;
  const tried: number[] = [];
  const findPort = async () => {
    const port = tried.length === 0 ? takenPort : await findFreePort();
    tried.push(port);
    return port;
  };
  await using server = await startEmbeddedPostgres({
    dataDir: join(dir, "data"),
    password: "secret",
    settings,
    findPort,
  });
  expect(tried).toHaveLength(2);
  expect(new URL(server.url).port).toBe(String(tried[1]));
});

test(
  "no other port helps a server that can't start: it says why, and nothing runs",
  { timeout },
  async () => {
    const dir = await makeDir();
    const options = { dataDir: join(dir, "data"), password: "secret" };
    let ports = 0;
    const findPort = () => {
      ports += 1;
      return findFreePort();
    };
    const bad = { shared_buffers: "none" };
    await expect(startEmbeddedPostgres({ ...options, settings: bad, findPort })).rejects.toThrow(
      "shared_buffers",
    );
    expect(ports).toBe(1);
    expect(await readdir(options.dataDir)).not.toContain("postmaster.pid");
  },
);

test("a stop that was asked for before leaves the folder as it was", { timeout }, async () => {
  const dir = await makeDir();
  const signal = AbortSignal.abort();
  const options = { dataDir: join(dir, "data"), password: "secret", signal };
  await expect(startEmbeddedPostgres(options)).rejects.toThrow("aborted");
  expect(await readdir(dir)).toEqual([]);
});
