import { startTestAuth, type TestUser } from "@leftrail/auth/testing";
import { migrate } from "@leftrail/store";
import { startService, startTestRedis, waitUntil, type ServiceProcess } from "@leftrail/testkit";
import postgres from "postgres";

type Env = Readonly<Record<string, string>>;

/** What a hot path answered, and what a test asks of it. */
export interface FleetAnswer {
  readonly status: number;
  readonly body: string;
  /** `l1`, `l2`, `miss`, `stale` or `bypass`; undefined for a problem. */
  readonly tier: string | undefined;
  /** `performance.now()` when it was asked and when the answer was there. */
  readonly askedMs: number;
  readonly answeredMs: number;
}

/**
 * The services as an operator runs them: processes of their own on a real Postgres and a real Redis, with
 * this test as their issuer and as another SQL client.
 */
export async function startFleet(options: {
  readonly databaseUrl: string;
  readonly hotPaths: readonly Env[];
  /** None is a fleet without a relay. */
  readonly controlPlanes?: readonly Env[];
  /** Makes the schema first; a clone of the template has it. */
  readonly isEmpty?: boolean;
}) {
  let resources = new AsyncDisposableStack();
  await using starting = resources;
  if (options.isEmpty === true) await migrate(options.databaseUrl);
  const redis = starting.use(await startTestRedis());
  const auth = starting.use(await startTestAuth());
  const common = { DATABASE_URL: options.databaseUrl, REDIS_URL: redis.url, AUTH_ISSUERS: auth.setting };
  const sql = starting.adopt(postgres(options.databaseUrl, { max: 4, onnotice: () => undefined }), (it) =>
    it.end({ timeout: 1 }),
  );
  const start = async (app: "hot-path" | "control-plane", env: Env): Promise<ServiceProcess> =>
    resources.use(
      await startService({
        entry: new URL(`../../../${app}/src/main.ts`, import.meta.url),
        name: app,
        env: { ...common, ...env },
      }),
    );
  const startHotPath = (env: Env = {}) => start("hot-path", env);
  const startControlPlane = (env: Env = {}) => start("control-plane", env);
  const [hotPaths, controlPlanes] = await Promise.all([
    Promise.all(options.hotPaths.map(startHotPath)),
    Promise.all((options.controlPlanes ?? [{}]).map(startControlPlane)),
  ]);
  resources = starting.move();

  const get = async ({ url }: { readonly url: string }, path: string, as: TestUser): Promise<FleetAnswer> => {
    const askedMs = performance.now();
    const response = await fetch(url + path, { headers: { authorization: await auth.bearer(as) } });
    const body = await response.text();
    const cacheStatus = response.headers.get("cache-status");
    const [, tier] = /(?:detail=|fwd=)(\w+)/.exec(cacheStatus ?? "") ?? [];
    return { status: response.status, body, tier, askedMs, answeredMs: performance.now() };
  };

  return {
    redis,
    auth,
    sql,
    hotPaths,
    controlPlanes,
    startHotPath,
    startControlPlane,
    get,
    /** Waits until a hot path has heard of everything that is relayed by now. */
    async untilProven(hotPath: ServiceProcess): Promise<void> {
      const relayedMs = performance.now();
      await waitUntil(
        async () => {
          const askedMs = performance.now();
          const metrics = await (await fetch(`${hotPath.url}/metrics`)).text();
          const [, ageSeconds] = /^leftrail_changes_proof_age_seconds (\S+)$/m.exec(metrics) ?? [];
          return askedMs - Number(ageSeconds) * 1_000 > relayedMs;
        },
        { what: "the relay to be heard", intervalMs: 5 },
      );
    },
    /** Waits until a hot path answers `path` from the tier. */
    async untilTier(hotPath: ServiceProcess, path: string, as: TestUser, tier: string): Promise<FleetAnswer> {
      let last: FleetAnswer | undefined;
      try {
        return await waitUntil(
          async () => {
            last = await get(hotPath, path, as);
            return last.tier === tier && last;
          },
          { what: `${tier} for ${path}` },
        );
      } catch (cause) {
        throw new Error(`the last answer was ${last?.status} ${last?.tier}: ${hotPath.log().slice(-2_000)}`, {
          cause,
        });
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

export type Fleet = Awaited<ReturnType<typeof startFleet>>;

/** A tenant with a member, as another SQL client writes them. */
export async function insertTenant(sql: postgres.Sql, members: Readonly<Record<string, string>>) {
  const [tenant] = await sql<{ id: string }[]>`
    insert into tenants (slug, name, status) values ('t-' || gen_random_uuid(), 'Tenant', 'active')
    returning id`;
  const id = tenant?.id ?? "";
  for (const [userId, role] of Object.entries(members)) {
    await sql`insert into memberships (tenant_id, user_id, role) values (${id}, ${userId}, ${role})`;
  }
  return { id, features: `/v1/organizations/${id}/features`, products: `/v1/organizations/${id}/products` };
}
