import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { startOwnPostgres } from "./own-postgres.ts";

const timeout = 30_000;

function open(url: string): postgres.Sql {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, fetch_types: false, max_lifetime: null });
  onTestFinished(() => sql.end({ timeout: 0 }));
  return sql;
}

const backendOf = async (sql: postgres.Sql): Promise<unknown> =>
  (await sql`select pg_backend_pid() as pid`)[0]?.["pid"];

test(
  "a frozen one answers nothing, neither old connections nor new ones, and thawed it goes on with them",
  {
    timeout,
  },
  async () => {
    await using server = await startOwnPostgres();
    await using other = await startOwnPostgres();
    const [old, fresh, elsewhere] = [open(server.url), open(server.url), open(other.url)];
    const backend = await backendOf(old);
    await server.freeze();
    const answers = [backendOf(old), backendOf(fresh)] as const;
    for (let n = 0; n < 10; n++) await elsewhere`select 1`;
    expect(await Promise.race([...answers, Promise.resolve("no answer")])).toBe("no answer");
    server.thaw();
    expect(await answers[0]).toBe(backend);
    expect(await answers[1]).not.toBe(backend);
  },
);

test("stopped, it disconnects; started again it has its URL and its data", { timeout }, async () => {
  await using server = await startOwnPostgres();
  const { url } = server;
  const sql = open(url);
  await sql`create table kept as select 1 as n`;
  await expect(server.start()).rejects.toThrow("runs already");
  await server.stop();
  await expect(sql`select 1`).rejects.toThrow(/CONNECTION_CLOSED|ECONNREFUSED|terminating connection/);
  await expect(server.freeze()).rejects.toThrow("stopped");
  await server.start();
  expect(server.url).toBe(url);
  expect(await open(url)`select n from kept`).toEqual([{ n: 1 }]);
});

test("a frozen one is stopped and disposed of all the same", { timeout }, async () => {
  const server = await startOwnPostgres();
  await server.freeze();
  await server.stop();
  await server.start();
  await server.freeze();
  await server[Symbol.asyncDispose]();
  await expect(open(server.url)`select 1`).rejects.toThrow("ECONNREFUSED");
});
