import { randomUUID } from "node:crypto";
import { newUser, type TestUser } from "@leftrail/auth/testing";
import { migrate } from "@leftrail/store";
import { createTemplate, createTestDatabase, startTestPostgres, waitUntil } from "@leftrail/testkit";
import { prepareRequest } from "@leftrail/testkit/bench";
import { startFleet } from "../../test/set-up/fleet.ts";

/** Two hot paths, a control plane, Postgres and Redis, each in a process of its own. */
export async function startBenchFleet() {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startTestPostgres(undefined));
  const template = starting.use(await createTemplate(server.url, migrate));
  const database = starting.use(await createTestDatabase(template));
  const fleet = starting.use(await startFleet({ databaseUrl: database.url, hotPaths: [{}, {}] }));
  const [first, second] = fleet.hotPaths;
  if (first === undefined || second === undefined) throw new Error("two hot paths were asked for");
  const resources = starting.move();
  return { ...fleet, first, second, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

export type BenchFleet = Awaited<ReturnType<typeof startBenchFleet>>;

/** Somebody with a left rail, and the requests of it. */
export interface BenchUser {
  readonly as: TestUser;
  readonly organizationId: string;
  readonly features: Buffer;
  readonly organizations: Buffer;
}

/** Users with an organization each, which has a product, as another SQL client writes them. */
export async function insertUsers(fleet: BenchFleet, count: number): Promise<readonly BenchUser[]> {
  const users = Array.from({ length: count }, () => ({ as: newUser(), organizationId: randomUUID() }));
  const { sql } = fleet;
  const ids = users.map(({ organizationId }) => organizationId);
  const userIds = users.map(({ as }) => as.userId);
  await sql`
    insert into tenants (id, slug, name, status)
    select id, 't-' || id, 'Organization of the bench', 'active' from unnest(${ids}::uuid[]) id`;
  await sql`
    insert into memberships (tenant_id, user_id, role)
    select id, user_id, 'member' from unnest(${ids}::uuid[], ${userIds}::uuid[]) as of (id, user_id)`;
  await sql`
    insert into entitlements (tenant_id, product, source)
    select id, 'ai-chat', 'grant' from unnest(${ids}::uuid[]) id`;
  return settled(fleet, users);
}

/** One organization with so many members. */
export async function insertMembers(
  fleet: BenchFleet,
  organizationId: string,
  count: number,
): Promise<readonly BenchUser[]> {
  const users = Array.from({ length: count }, () => ({ as: newUser(), organizationId }));
  const { sql } = fleet;
  await sql`insert into tenants (id, slug, name, status) values (${organizationId}, ${`t-${organizationId}`}, 'Large', 'active')`;
  await sql`
    insert into memberships (tenant_id, user_id, role)
    select ${organizationId}, user_id, 'member' from unnest(${users.map(({ as }) => as.userId)}::uuid[]) user_id`;
  return settled(fleet, users);
}

/** With their requests, once their own changes have been relayed. */
async function settled(
  { sql, auth }: BenchFleet,
  users: readonly Pick<BenchUser, "as" | "organizationId">[],
): Promise<readonly BenchUser[]> {
  const prepared = await Promise.all(
    users.map(async ({ as, organizationId }) => {
      const headers = { authorization: await auth.bearer(as) };
      return {
        as,
        organizationId,
        features: prepareRequest({ path: `/v1/organizations/${organizationId}/features`, headers }),
        organizations: prepareRequest({ path: "/v1/organizations", headers }),
      };
    }),
  );
  await sql`analyze`;
  await waitUntil(async () => (await sql`select 1 from change_outbox limit 1`).length === 0, {
    what: "the outbox to be relayed",
    timeoutMs: 60_000,
  });
  return prepared;
}
