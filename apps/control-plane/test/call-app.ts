import { callOf, startTestAuth, type Answer, type Call, type TestUser } from "@leftrail/auth/testing";
import type { EventPublisher } from "@leftrail/event-broker";
import { builtInRules } from "@leftrail/features";
import { clientAddress, createLogger, createMetrics, type Metrics } from "@leftrail/service";
import { conformanceTo } from "@leftrail/service/testing";
import type { StoreHarness } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { BlockList } from "node:net";
import { startKeyServices, type KeyServicesOptions } from "../src/api-keys/key-services.ts";
import { createApp } from "../src/app.ts";
import { createEventMetrics } from "../src/events/event-metrics.ts";
import { fakeEventPublisher } from "../src/events/testing/fake-event-publisher.ts";

const conforms = conformanceTo(new URL("../../../openapi/control-plane.yaml", import.meta.url));

/** The control plane over one store, called as its server would call it. */
export interface CalledApp extends AsyncDisposable {
  readonly call: Call;
  /** What is known of a presented API key; `body` as it is sent. */
  readonly verify: (body: unknown) => Promise<Answer>;
  readonly internalHeaders: Readonly<Record<string, string>>;
  /** Writes what was noted of keys' uses, as a timer does in earnest. */
  readonly noteUses: () => Promise<void>;
  readonly metrics: Metrics;
  readonly logged: readonly string[];
}

/** What a test may want to be otherwise. */
export interface AppSetup {
  readonly redis?: KeyServicesOptions["redis"];
  readonly events?: EventPublisher;
  readonly argon2?: NonNullable<KeyServicesOptions["argon2"]>;
  readonly random?: NonNullable<KeyServicesOptions["random"]>;
}

const internalToken = "internal-token-of-the-tests-0123456789";

export async function callApp(
  { store, auditKeys }: Pick<StoreHarness, "store" | "auditKeys">,
  { redis, events = fakeEventPublisher(), ...setup }: AppSetup = {},
): Promise<CalledApp> {
  const auth = await startTestAuth();
  const logged: string[] = [];
  const metrics = createMetrics();
  const logger = createLogger({
    level: "debug",
    name: "test",
    destination: { write: (line) => void logged.push(line) },
  });
  const keys = startKeyServices({
    store,
    keyRing: auditKeys,
    redis,
    registry: metrics.registry,
    logger,
    // Rows that change by themselves would disturb whoever compares them.
    every: () => ({ [Symbol.dispose]: () => undefined }),
    ...setup,
  });
  const app = createApp({
    store,
    verifier: auth.verifier,
    rules: builtInRules,
    keyRing: auditKeys,
    clientAddress: clientAddress(new BlockList()),
    keys,
    events: createEventMetrics(metrics.registry, () => performance.now()).measured(events),
    internalTokens: [internalToken],
    logger,
    metrics,
    isDraining: () => false,
  });
  const call = callOf(app, auth, conforms);
  const internalHeaders = { authorization: `Bearer ${internalToken}` };
  return {
    logged,
    call,
    verify: (body) => call("POST", "/v1/internal/api-keys/verify", { body, headers: internalHeaders }),
    internalHeaders,
    noteUses: () => keys.usage.tick(),
    metrics,
    async [Symbol.asyncDispose]() {
      await keys[Symbol.asyncDispose]();
      await auth[Symbol.asyncDispose]();
    },
  };
}

export const platformAdmin: TestUser = { userId: randomUUID(), roles: ["platform-admin"] };
export const newSlug = (): string => `s-${randomUUID()}`;
