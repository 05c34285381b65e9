import type { Scope } from "@leftrail/cache-keys";
import type { EntitlementSource, EntitlementStatus, Instant } from "@leftrail/contract";
import type { KeptAnswer } from "../port/idempotency.ts";
import type { StoredAuditHead } from "../port/audit.ts";
import type { OutboxRow } from "../port/outbox.ts";
import type {
  ApiKey,
  AuditEntry,
  CatalogProduct,
  Entitlement,
  Membership,
  Order,
  Override,
  StripeProduct,
  Tenant,
} from "../records.ts";

/** A catalog row as stored: the Stripe product by its id. */
export interface CatalogRow extends Omit<CatalogProduct, "stripeProduct"> {
  readonly stripeProductId: string | null;
}

/** An entitlement as stored: its status is not yet as of now. */
export interface EntitlementRow extends Omit<Entitlement, "status"> {
  readonly status: EntitlementStatus;
  readonly source: EntitlementSource;
}

/** An override as stored: one that is not active counts for nothing. */
export interface OverrideRow extends Override {
  readonly active: boolean;
}

/** An API key as stored: with its hash. */
export interface ApiKeyRow extends ApiKey {
  readonly keyHash: string;
}

/** A kept answer as stored. */
interface IdempotencyRow extends KeptAnswer {
  readonly expiresAt: Instant;
}

/** Whoever belongs to a tenant, or is owner or admin of it or above it: users who are known after the commit. */
export type Audience = `members:${string}` | `admins:${string}`;

/** A row of the outbox as stored. */
export interface StoredOutboxRow extends Omit<OutboxRow, "ageMs" | "scope"> {
  readonly scope: Scope | Audience;
  /** Epoch milliseconds. */
  readonly writtenAtMs: number;
}

/** Every table, by primary key. Rows are never changed in place, so that a copy of the maps is a snapshot. */
export interface Tables {
  readonly tenants: Map<string, Tenant>;
  readonly memberships: Map<string, Membership>;
  readonly catalogProducts: Map<string, CatalogRow>;
  readonly stripeProducts: Map<string, StripeProduct>;
  readonly orders: Map<string, Order>;
  readonly entitlements: Map<string, EntitlementRow>;
  readonly overrides: Map<string, OverrideRow>;
  readonly auditLog: Map<string, AuditEntry>;
  readonly auditHeads: Map<string, StoredAuditHead>;
  readonly apiKeys: Map<string, ApiKeyRow>;
  readonly idempotencyKeys: Map<string, IdempotencyRow>;
  readonly outbox: Map<number, StoredOutboxRow>;
}

/** What the schema's migration leaves behind: the two catalog items, nothing else. */
export function freshTables(): Tables {
  const catalog: CatalogRow[] = [
    {
      product: "ai-chat",
      name: "AI Chat",
      description: "Ask questions about your changes and keep the history.",
      trialDays: 14,
      stripeProductId: null,
    },
    {
      product: "change-radar",
      name: "Change Radar",
      description: "Watches your vendors and tells you what changed.",
      trialDays: null,
      stripeProductId: null,
    },
  ];
  return {
    tenants: new Map(),
    memberships: new Map(),
    catalogProducts: new Map(catalog.map((row) => [row.product, row])),
    stripeProducts: new Map(),
    orders: new Map(),
    entitlements: new Map(),
    overrides: new Map(),
    auditLog: new Map(),
    auditHeads: new Map(),
    apiKeys: new Map(),
    idempotencyKeys: new Map(),
    outbox: new Map(),
  };
}

/** A copy that shares the rows: what a unit of work writes to until it commits. */
export const copyTables = (tables: Tables): Tables => ({
  tenants: new Map(tables.tenants),
  memberships: new Map(tables.memberships),
  catalogProducts: new Map(tables.catalogProducts),
  stripeProducts: new Map(tables.stripeProducts),
  orders: new Map(tables.orders),
  entitlements: new Map(tables.entitlements),
  overrides: new Map(tables.overrides),
  auditLog: new Map(tables.auditLog),
  auditHeads: new Map(tables.auditHeads),
  apiKeys: new Map(tables.apiKeys),
  idempotencyKeys: new Map(tables.idempotencyKeys),
  // Shared: a unit adds to it only when it commits, and the relay takes from it meanwhile.
  outbox: tables.outbox,
});

export const membershipKey = (tenantId: string, userId: string): string => `${tenantId}/${userId}`;
