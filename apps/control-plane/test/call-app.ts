import { startTestAuth, type TestUser } from "@leftrail/auth/testing";
import { builtInRules } from "@leftrail/features";
import { clientAddress, createLogger, createMetrics } from "@leftrail/service";
import type { StoreHarness } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { BlockList } from "node:net";
import { createApp } from "../src/app.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What tests look into; they say what they expect of it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface CallOptions {
  readonly as?: TestUser;
  /** Sent as JSON, unless it is a text already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The control plane over one store, called as its server would call it. */
export interface CalledApp extends AsyncDisposable {
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  readonly logged: readonly string[];
}

export async function callApp({
  store,
  auditKeys,
}: Pick<StoreHarness, "store" | "auditKeys">): Promise<CalledApp> {
  const auth = await startTestAuth();
  const logged: string[] = [];
  const app = createApp({
    store,
    verifier: auth.verifier,
    rules: builtInRules,
    keyRing: auditKeys,
    clientAddress: clientAddress(new BlockList()),
    logger: createLogger({
      level: "debug",
      name: "test",
      destination: { write: (line) => void logged.push(line) },
    }),
    metrics: createMetrics(),
    isDraining: () => false,
  });
  return {
    logged,
    async call(method, path, { as, body, headers = {} } = {}) {
      const response = await app.request(path, {
        method,
        headers: {
          ...(as === undefined ? {} : { authorization: await auth.bearer(as) }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") ?? false;
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : undefined,
      };
    },
    [Symbol.asyncDispose]: () => auth[Symbol.asyncDispose](),
  };
}

export const newUser = (): TestUser => ({ userId: randomUUID() });
export const platformAdmin: TestUser = { userId: randomUUID(), roles: ["platform-admin"] };
export const newSlug = (): string => `s-${randomUUID()}`;

/** An answer without what differs from request to request. */
export const comparable = ({ status, headers, body }: Answer) => ({
  status,
  headers: Object.fromEntries([...headers].filter(([name]) => name !== "x-request-id")),
  body: { ...body, instance: undefined },
});
