import { randomUUID } from "node:crypto";
import type { EntitlementRow, OverrideRow } from "../src/memory/tables.ts";
import { toInstant } from "@leftrail/contract";
import { describe, expect, test } from "vitest";
import {
  at,
  eachStore,
  entitlementRow,
  givenTenant,
  inMs,
  memoryHarness,
  overrideRow,
} from "../src/testing/index.ts";

const hourMs = 3_600_000;
/** How long a test may take between choosing a moment and reading. */
const slackMs = 60_000;
const past = at("2020-01-01T00:00:00");

interface Example {
  readonly name: string;
  readonly entitlements?: readonly Partial<EntitlementRow>[];
  readonly overrides?: readonly Partial<OverrideRow>[];
  /** Hours, or null for never. */
  readonly features: number | null;
  readonly products: number | null;
}

const inHours = (hours: number) => inMs(hours * hourMs);

const examples: readonly Example[] = [
  { name: "nothing", features: null, products: null },
  { name: "what never ends", entitlements: [{}], overrides: [{}], features: null, products: null },
  { name: "an entitlement's end", entitlements: [{ endsAt: inHours(2) }], features: 2, products: 2 },
  {
    name: "an entitlement's start before its end",
    entitlements: [{ startsAt: inHours(3), endsAt: inHours(4) }],
    features: 3,
    products: 3,
  },
  { name: "an override's end", overrides: [{ expiresAt: inHours(5) }], features: 5, products: null },
  {
    name: "the first of many",
    entitlements: [{ endsAt: inHours(7) }, { product: "change-radar", startsAt: inHours(6) }],
    overrides: [{ expiresAt: inHours(9) }, { target: "second", expiresAt: inHours(5) }],
    features: 5,
    products: 6,
  },
  {
    name: "what is over, cancelled or switched off",
    entitlements: [
      { endsAt: past },
      { status: "cancelled", endsAt: inHours(1) },
      { status: "expired", startsAt: inHours(1) },
    ],
    overrides: [{ expiresAt: past }, { target: "off", active: false, expiresAt: inHours(1) }],
    features: null,
    products: null,
  },
  {
    name: "an end millennia away",
    entitlements: [{ endsAt: at("9999-12-31T23:59:59") }],
    features: Infinity,
    products: Infinity,
  },
];

eachStore("how long the left rail's answers hold", (harness) => {
  test.each(examples)("is until the next boundary: $name", async (example) => {
    const user = randomUUID();
    const { store, arrange } = harness();
    const tenant = await givenTenant(store, { members: { [user]: "member" } });
    const other = await givenTenant(store, { members: { [user]: "member" } });
    await arrange.entitlement(entitlementRow(other.id, { endsAt: inHours(1) }));
    await arrange.override(overrideRow(other.id, { target: "chat", expiresAt: inHours(1) }));
    for (const row of example.entitlements ?? []) await arrange.entitlement(entitlementRow(tenant.id, row));
    for (const row of example.overrides ?? []) {
      await arrange.override(overrideRow(tenant.id, { target: "chat", ...row }));
    }
    const features = await store.read.sidebar.featureSources(tenant.id, user);
    expectHours(features?.endsInMs, example.features);
    const products = await store.read.sidebar.products(tenant.id, user);
    expectHours(products?.endsInMs, example.products);
  });
});

function expectHours(endsInMs: number | null | undefined, hours: number | null): void {
  if (hours === null) {
    expect(endsInMs).toBeNull();
    return;
  }
  expect(endsInMs).toSatisfy(Number.isSafeInteger);
  if (hours === Infinity) {
    expect(endsInMs).toBeGreaterThan(1000 * 365 * 24 * hourMs);
    return;
  }
  expect(endsInMs).toBeLessThanOrEqual(hours * hourMs + 1);
  expect(endsInMs).toBeGreaterThan(hours * hourMs - slackMs);
}

describe("in the memory engine", () => {
  test.each([
    ["2026-01-01T00:00:00.500000Z", 499],
    ["2026-01-01T00:00:00.500999Z", 500],
    ["2026-01-01T00:00:00.000500Z", 0],
  ])("milliseconds are whole and never one too many: %s", async (endsAt, expected) => {
    const user = randomUUID();
    const nowMs = Date.parse("2026-01-01T00:00:00Z");
    await using memory = await memoryHarness(() => nowMs);
    const { store, arrange } = memory;
    const tenant = await givenTenant(store, { members: { [user]: "member" } });
    await arrange.entitlement(entitlementRow(tenant.id, { endsAt: toInstant(endsAt) }));
    expect((await store.read.sidebar.products(tenant.id, user))?.endsInMs).toBe(expected);
  });
});
