import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { hasContainerRuntime } from "./container-runtime.ts";
import { startOwnPostgres } from "./own-postgres.ts";

/** A Postgres server for a run of the tests. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly kind: "TEST_DATABASE_URL" | "docker" | "embedded";
}

/** What a suite needs to make a database of its own; plain data, so that it can cross to test workers. */
export interface DatabaseTemplate {
  readonly serverUrl: string;
  readonly templateName: string;
}

export interface TestDatabase extends AsyncDisposable {
  /** As the owner, who may do everything. */
  readonly url: string;
}

const dockerImage = "postgres:18-alpine";

/** The server of TEST_DATABASE_URL, else one in Docker, else the embedded one. Throws when none can be had. */
export async function startTestPostgres(testDatabaseUrl: string | undefined): Promise<TestServer> {
  if (testDatabaseUrl !== undefined && testDatabaseUrl !== "") {
    return { url: testDatabaseUrl, kind: "TEST_DATABASE_URL", [Symbol.asyncDispose]: async () => undefined };
  }
  return (await startInDocker()) ?? (await startEmbedded());
}

/** Makes a template database, brings it to the newest schema, and says how to clone it. */
export async function createTemplate(
  serverUrl: string,
  migrate: (url: string) => Promise<unknown>,
): Promise<DatabaseTemplate & AsyncDisposable> {
  const templateName = randomName("template");
  await withServer(serverUrl, (sql) => sql`create database ${sql(templateName)}`);
  await migrate(databaseUrl(serverUrl, templateName));
  return {
    serverUrl,
    templateName,
    [Symbol.asyncDispose]: () => dropDatabase(serverUrl, templateName),
  };
}

// What the global set-up hands to every suite that needs Postgres.
declare module "vitest" {
  interface ProvidedContext {
    postgres: DatabaseTemplate;
  }
}

/** A database of the newest schema for one suite: a clone of the template, which takes milliseconds. */
export async function createTestDatabase({
  serverUrl,
  templateName,
}: DatabaseTemplate): Promise<TestDatabase> {
  const name = randomName("suite");
  await withServer(serverUrl, (sql) => sql`create database ${sql(name)} template ${sql(templateName)}`);
  return {
    url: databaseUrl(serverUrl, name),
    [Symbol.asyncDispose]: () => dropDatabase(serverUrl, name),
  };
}

async function startInDocker(): Promise<TestServer | undefined> {
  if (!(await hasContainerRuntime())) return undefined;
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const container = await new PostgreSqlContainer(dockerImage).start();
  return {
    url: container.getConnectionUri(),
    kind: "docker",
    async [Symbol.asyncDispose]() {
      await container.stop();
    },
  };
}

async function startEmbedded(): Promise<TestServer> {
  const server = await startOwnPostgres().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`No Postgres for the tests: set TEST_DATABASE_URL, or start Docker. Embedded: ${why}`);
  });
  return { url: server.url, kind: "embedded", [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const randomName = (purpose: string): string => `leftrail_${purpose}_${randomBytes(6).toString("hex")}`;

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

const dropDatabase = (serverUrl: string, name: string): Promise<void> =>
  withServer(serverUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);

async function withServer(url: string, run: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await run(sql);
  } finally {
    await sql.end();
  }
}
