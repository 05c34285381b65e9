import type { EntitlementSource, Instant } from "@leftrail/contract";
import type { Entitlement, NewestPosition, Page, PageRequest } from "../records.ts";

export interface EntitlementReads {
  /** Of one tenant, newest first, status as of now. */
  list(tenantId: string, page: PageRequest<NewestPosition>): Promise<Page<Entitlement, NewestPosition>>;
  /** The tenant's entitlement to a product that counts now. */
  findInForce(tenantId: string, product: string): Promise<Entitlement | undefined>;
}

export interface EntitlementWrites {
  insert(entitlement: NewEntitlement): Promise<Entitlement>;
  /** Ends one that is in force now. Undefined: no such entitlement. */
  end(entitlementId: string): Promise<Entitlement | undefined>;
}

export interface NewEntitlement {
  readonly id: string;
  readonly tenantId: string;
  readonly product: string;
  readonly source: EntitlementSource;
  /** When it begins: a moment, or null for the start of the unit of work. */
  readonly startsAt: Instant | null;
  /** When it ends, exclusive: a moment, so many days of 24 hours after its start, or null for never. */
  readonly ends: { readonly at: Instant } | { readonly afterDays: number } | null;
  readonly orderId: string | null;
}
