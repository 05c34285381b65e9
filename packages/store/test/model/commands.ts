import fc from "fast-check";
import type { Instant } from "@leftrail/contract";
import type { NewApiKey } from "../../src/port/api-keys.ts";
import type { NewEntitlement } from "../../src/port/entitlements.ts";
import type { NewOrder } from "../../src/port/orders.ts";
import type { NewOverride } from "../../src/port/overrides.ts";
import type { NewTenant, TenantChange } from "../../src/port/tenants.ts";
import { at } from "../../src/testing/index.ts";

/** Small pools, so that commands meet each other's rows; the last tenant and product never exist. */
const id = (kind: string, n: number): string =>
  `00000000-0000-7000-8000-${kind}${String(n).padStart(11, "0")}`;
export const tenantIds = [1, 2, 3, 4].map((n) => id("a", n));
export const userIds = [1, 2, 3].map((n) => id("b", n));
export const orderIds = [1, 2, 3, 4, 5].map((n) => id("c", n));
const entitlementIds = [1, 2, 3, 4, 5].map((n) => id("d", n));
export const overrideIds = [1, 2, 3].map((n) => id("e", n));
export const apiKeyIds = [1, 2, 3].map((n) => id("f", n));
export const prefixes = ["bp_aaaaaaaa", "bp_bbbbbbbb"];
const slugs = ["one", "two", "three"];
export const products = ["ai-chat", "change-radar", "no-such-product"];

export type Write =
  | { readonly do: "insertTenant"; readonly tenant: NewTenant }
  | { readonly do: "setStatus"; readonly tenantId: string; readonly status: "active" | "cancelled" }
  | {
      readonly do: "putMember";
      readonly tenantId: string;
      readonly userId: string;
      readonly role: "owner" | "admin" | "member";
    }
  | { readonly do: "removeMember"; readonly tenantId: string; readonly userId: string }
  | { readonly do: "insertOrder"; readonly order: NewOrder }
  | { readonly do: "insertEntitlement"; readonly entitlement: NewEntitlement }
  | { readonly do: "putOverride"; readonly override: NewOverride }
  | { readonly do: "removeOverride"; readonly tenantId: string; readonly overrideId: string }
  | { readonly do: "updateTenant"; readonly tenantId: string; readonly change: TenantChange }
  | { readonly do: "removeTenant"; readonly tenantId: string }
  | { readonly do: "decideOrder"; readonly orderId: string; readonly status: "fulfilled" | "rejected" }
  | { readonly do: "endEntitlement"; readonly entitlementId: string }
  | { readonly do: "insertApiKey"; readonly apiKey: NewApiKey }
  | { readonly do: "revokeApiKey"; readonly apiKeyId: string }
  | { readonly do: "expireApiKey"; readonly apiKeyId: string; readonly seconds: number };

export type Command =
  | {
      readonly do: "change";
      readonly writes: readonly Write[];
      /** The tenant of the audit entry that ends the unit; null forgets it. */
      readonly auditOf: string | null;
      readonly fails: boolean;
    }
  | { readonly do: "report"; readonly tenantId: string; readonly actorId: string }
  | { readonly do: "readEverything"; readonly userId: string; readonly isPlatformAdmin: boolean };

const tenantId = fc.constantFrom(...tenantIds);
const userId = fc.constantFrom(...userIds);
const product = fc.constantFrom(...products);
const moment: fc.Arbitrary<Instant | null> = fc.constantFrom(
  null,
  at("2020-01-01T00:00:00"),
  at("2021-01-01T00:00:00"),
  at("2990-01-01T00:00:00"),
);
const ends: fc.Arbitrary<NewEntitlement["ends"]> = fc.constantFrom(
  null,
  { at: at("2020-06-01T00:00:00") },
  { at: at("2021-01-01T00:00:00") },
  { at: at("2991-01-01T00:00:00") },
  { afterDays: 14 },
);

const writeArbitrary: fc.Arbitrary<Write> = fc.oneof(
  { weight: 3, arbitrary: insertTenant() },
  fc.record({
    do: fc.constant("setStatus" as const),
    tenantId,
    status: fc.constantFrom("active" as const, "cancelled" as const),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("putMember" as const),
      tenantId,
      userId,
      role: fc.constantFrom("owner" as const, "admin" as const, "member" as const),
    }),
  },
  fc.record({ do: fc.constant("removeMember" as const), tenantId, userId }),
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("insertOrder" as const), order: orderArbitrary() }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("insertEntitlement" as const),
      entitlement: entitlementArbitrary(),
    }),
  },
  fc.record({ do: fc.constant("putOverride" as const), override: overrideArbitrary() }),
  fc.record({
    do: fc.constant("removeOverride" as const),
    tenantId,
    overrideId: fc.constantFrom(...overrideIds),
  }),
  fc.record({
    do: fc.constant("updateTenant" as const),
    tenantId,
    change: fc.oneof(
      fc.record({ name: fc.constant("Another name") }),
      fc.record({ parentTenantId: fc.option(tenantId) }),
    ),
  }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("removeTenant" as const), tenantId }) },
  fc.record({
    do: fc.constant("decideOrder" as const),
    orderId: fc.constantFrom(...orderIds),
    status: fc.constantFrom("fulfilled" as const, "rejected" as const),
  }),
  fc.record({
    do: fc.constant("endEntitlement" as const),
    entitlementId: fc.constantFrom(...entitlementIds),
  }),
  fc.record({ do: fc.constant("insertApiKey" as const), apiKey: apiKeyArbitrary() }),
  fc.record({ do: fc.constant("revokeApiKey" as const), apiKeyId: fc.constantFrom(...apiKeyIds) }),
  fc.record({
    do: fc.constant("expireApiKey" as const),
    apiKeyId: fc.constantFrom(...apiKeyIds),
    seconds: fc.constantFrom(0, 3600),
  }),
);

/** Mostly well-formed units, so that sequences get somewhere; some that forget the audit entry or fail at the end. */
export const commandArbitrary: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("change" as const),
      writes: fc.array(writeArbitrary, { minLength: 1, maxLength: 3 }),
      auditOf: fc.option(tenantId, { freq: 10 }),
      fails: fc.nat(9).map((n) => n === 0),
    }),
  },
  fc.record({ do: fc.constant("report" as const), tenantId, actorId: userId }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("readEverything" as const),
      userId,
      isPlatformAdmin: fc.nat(3).map((n) => n === 0),
    }),
  },
);

/**
 * Units that build a small world first: tenants below each other, in any status,
 * with people of any role. Without it most commands would only meet emptiness.
 */
export const worldArbitrary: fc.Arbitrary<readonly Command[]> = fc
  .tuple(...slugs.map((_slug, n) => tenantOfWorld(n)))
  .map((units) => units.flat());

function tenantOfWorld(n: number): fc.Arbitrary<readonly Command[]> {
  const own = tenantIds[n] ?? "";
  const unitOf = (...writes: readonly Write[]): Command => ({
    do: "change",
    writes,
    auditOf: own,
    fails: false,
  });
  return fc
    .record({
      parentTenantId:
        n === 0 ? fc.constant(null) : fc.option(fc.constantFrom(...tenantIds.slice(0, n)), { freq: 4 }),
      status: fc.constantFrom("pending" as const, "active" as const, "active" as const, "cancelled" as const),
      roles: fc.tuple(
        ...userIds.map(() => fc.constantFrom(null, "owner" as const, "admin" as const, "member" as const)),
      ),
    })
    .map(({ parentTenantId, status, roles }) => [
      unitOf({
        do: "insertTenant",
        tenant: { id: own, slug: slugs[n] ?? "", name: "A name", parentTenantId },
      }),
      ...(status === "pending" ? [] : [unitOf({ do: "setStatus", tenantId: own, status })]),
      ...roles.flatMap((role, user) =>
        role === null ? [] : [unitOf({ do: "putMember", tenantId: own, userId: userIds[user] ?? "", role })],
      ),
    ]);
}

function insertTenant(): fc.Arbitrary<Write> {
  const tenant = fc.record({
    id: tenantId,
    slug: fc.constantFrom(...slugs),
    name: fc.constant("A name"),
    parentTenantId: fc.option(tenantId),
  });
  return fc.record({ do: fc.constant("insertTenant" as const), tenant });
}

function orderArbitrary(): fc.Arbitrary<NewOrder> {
  return fc.record({
    id: fc.constantFrom(...orderIds),
    tenantId,
    product,
    kind: fc.constantFrom("request" as const, "trial" as const, "purchase" as const),
    status: fc.constantFrom("requested" as const, "fulfilled" as const, "rejected" as const),
    requestedBy: userId,
    note: fc.constantFrom(null, "a note"),
  });
}

function entitlementArbitrary(): fc.Arbitrary<NewEntitlement> {
  return fc.record({
    id: fc.constantFrom(...entitlementIds),
    tenantId,
    product,
    source: fc.constantFrom("purchase" as const, "trial" as const, "grant" as const),
    startsAt: moment,
    ends,
    orderId: fc.option(fc.constantFrom(...orderIds), { freq: 2 }),
  });
}

function overrideArbitrary(): fc.Arbitrary<NewOverride> {
  return fc.record({
    id: fc.constantFrom(...overrideIds),
    tenantId,
    targetType: fc.constantFrom("feature" as const, "product" as const),
    target: fc.constantFrom("chat", "ai-chat"),
    effect: fc.constantFrom("grant" as const, "deny" as const),
    expiresAt: moment,
    reason: fc.constant(null),
  });
}

function apiKeyArbitrary(): fc.Arbitrary<NewApiKey> {
  return fc.record({
    id: fc.constantFrom(...apiKeyIds),
    tenantId,
    name: fc.constant("A key"),
    prefix: fc.constantFrom(...prefixes),
    keyHash: fc.constant("not a hash"),
    scopes: fc.constantFrom([], ["read"], ["b", 'a "quoted", one']),
    createdBy: userId,
    expiresAt: moment,
  });
}
