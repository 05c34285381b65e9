import postgres from "postgres";
import { expect, inject, onTestFinished, test } from "vitest";
import { startFaultProxy } from "./fault-proxy.ts";
import { createTestDatabase } from "./test-postgres.ts";
import { waitUntil } from "./wait-until.ts";

const open = (url: string): postgres.Sql => {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  onTestFinished(() => sql.end({ timeout: 0 }));
  return sql;
};

test("a write whose answer is held is done, and its writer hears of it only when healed", async () => {
  await using database = await createTestDatabase(inject("postgres"));
  await using proxy = await startFaultProxy(database.url);
  const [through, directly] = [open(proxy.url), open(database.url)];
  await through`create table written (n int)`;
  proxy.set("holdAnswers");
  const write = through`insert into written values (1)`.execute();
  await waitUntil(async () => (await directly`select n from written`).length === 1, { what: "the row" });
  expect(await Promise.race([write, Promise.resolve("no answer")])).toBe("no answer");
  proxy.set("none");
  await write;
  expect(await through`select n from written`).toEqual([{ n: 1 }]);
});
