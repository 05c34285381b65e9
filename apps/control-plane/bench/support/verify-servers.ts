import { randomBytes, randomUUID } from "node:crypto";
import { migrate } from "@leftrail/store";
import { createTemplate, createTestDatabase, startTestPostgres, startTestRedis } from "@leftrail/testkit";
import postgres from "postgres";
import { mintKey, type PresentedKey } from "../../src/api-keys/key-format.ts";
import { argon2id, hashKey } from "../../src/api-keys/key-hash.ts";
import { processInternalToken, startControlPlane, startIssuer } from "../../test/control-plane-process.ts";
import { openVerifyClient } from "./verify-client.ts";

/** A Postgres, a Redis and a control plane, each in a process of its own, and keys in them. */
export async function startVerifyServers() {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startTestPostgres(undefined));
  const template = starting.use(await createTemplate(server.url, migrate));
  const database = starting.use(await createTestDatabase(template));
  const redis = starting.use(await startTestRedis());
  const issuer = starting.use(await startIssuer());
  const controlPlane = starting.use(
    await startControlPlane({
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      AUTH_ISSUERS: issuer.setting,
    }),
  );
  const client = starting.use(openVerifyClient(controlPlane.url, processInternalToken));
  const sql = starting.adopt(
    postgres(database.url, {
      max: 1,
      onnotice: () => undefined,
      transform: { column: { from: postgres.toCamel } },
    }),
    (it) => it.end(),
  );
  const tenantId = randomUUID();
  await sql`insert into tenants (id, slug, name, status) values (${tenantId}, 'bench', 'Bench', 'active')`;
  await fillWithKeys(sql, tenantId);
  const resources = starting.move();
  return {
    databaseUrl: database.url,
    client,
    sql,
    /** A key that no process has proven. */
    insertKey: async (): Promise<PresentedKey> => {
      const key = mintKey(randomBytes);
      const keyHash = await hashKey(key.text, randomBytes(16), argon2id);
      await sql`insert into api_keys (tenant_id, name, prefix, key_hash, created_by)
        values (${tenantId}, 'bench', ${key.prefix}, ${keyHash}, ${randomUUID()})`;
      return key;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** So that finding one is a matter of the index. */
const otherKeys = 100_000;

async function fillWithKeys(sql: postgres.Sql, tenantId: string): Promise<void> {
  await sql`insert into api_keys (tenant_id, name, prefix, key_hash, created_by)
    select ${tenantId}, 'other', 'other-' || n, 'none', gen_random_uuid() from generate_series(1, ${otherKeys}) n`;
  await sql`vacuum analyze api_keys`;
}
