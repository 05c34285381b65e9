import { describe, expect, it } from "vitest";
import { memoryLogger, testService } from "../test/test-service.ts";
import { mountHealth, type DependencyCheck } from "./health.ts";
import { createMetrics } from "./metrics.ts";

function health(
  checks: Record<string, DependencyCheck>,
  isDraining = () => false,
  optionalChecks: Record<string, DependencyCheck> = {},
) {
  const { logger, entries } = memoryLogger();
  const options = { checks, optionalChecks, metrics: createMetrics(), isDraining, logger, timeoutMs: 1 };
  return { ...testService((app) => mountHealth(app, options)), healthEntries: entries };
}

const ok = async () => undefined;
const never = () => new Promise<never>(() => undefined);
const broken = async () => {
  throw new Error("password s3cret refused by 10.0.0.7");
};

async function ready({ app }: ReturnType<typeof health>) {
  const response = await app.request("/readyz");
  return { code: response.status, body: await response.json() };
}

describe("health", () => {
  it("/healthz is alive without asking any dependency", async () => {
    const response = await health({ postgres: broken }).app.request("/healthz");
    expect([response.status, await response.text()]).toEqual([200, '{"status":"ok"}']);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  it("/readyz is 200 when every dependency answers", async () => {
    expect(await ready(health({ postgres: ok, redis: ok }))).toEqual({
      code: 200,
      body: { status: "ready", dependencies: { postgres: "ok", redis: "ok" } },
    });
  });

  it("/readyz tells of a dependency that it can do without, and is 200 all the same", async () => {
    expect(await ready(health({ postgres: ok }, undefined, { redis: broken }))).toEqual({
      code: 200,
      body: { status: "ready", dependencies: { postgres: "ok", redis: "failed: error" } },
    });
  });

  it("/readyz is 503 and says how each dependency failed, but not why", async () => {
    const service = health({ postgres: broken, redis: never, bus: ok });
    expect(await ready(service)).toEqual({
      code: 503,
      body: {
        status: "unavailable",
        dependencies: { postgres: "failed: error", redis: "failed: timeout", bus: "ok" },
      },
    });
    expect(service.healthEntries()).toMatchObject([{ level: "warn", dependency: "postgres" }]);
  });

  it("a check that throws at once is a failed dependency", async () => {
    const throwing: DependencyCheck = () => {
      throw new Error("s3cret");
    };
    expect(await ready(health({ postgres: throwing }))).toMatchObject({
      code: 503,
      body: { dependencies: { postgres: "failed: error" } },
    });
  });

  it("a check that nobody waits for is told to stop", async () => {
    let seen: AbortSignal | undefined;
    const watching: DependencyCheck = (signal) => {
      seen = signal;
      return never();
    };
    await ready(health({ redis: watching }));
    expect(seen?.aborted).toBe(true);
  });

  it("while draining it is 503 and asks nobody", async () => {
    const service = health({ postgres: broken }, () => true);
    expect(await ready(service)).toEqual({ code: 503, body: { status: "draining", dependencies: {} } });
    expect(service.healthEntries()).toEqual([]);
  });

  it("probes at the same time share one check, later ones ask again", async () => {
    let asked = 0;
    const service = health({
      postgres: async () => {
        asked++;
      },
    });
    await Promise.all([ready(service), ready(service), ready(service)]);
    expect(asked).toBe(1);
    await ready(service);
    expect(asked).toBe(2);
  });

  it("/metrics answers the registry", async () => {
    expect((await health({}).app.request("/metrics")).status).toBe(200);
  });
});
