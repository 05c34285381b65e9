import type { EntitlementSource, EntitlementStatus, Instant } from "@leftrail/contract";

/** What is stored of an entitlement that its status follows from. */
export interface EntitlementTerm {
  readonly status: EntitlementStatus;
  readonly source: EntitlementSource;
  readonly startsAt: Instant;
  readonly endsAt: Instant | null;
}

/**
 * The status as of `now`: what time has reached wins over what is stored, but
 * nothing revives an entitlement that was ended. Its SQL twin is in
 * postgres/columns.ts; both are held to cases/entitlement-status.json.
 */
export function entitlementStatusAt(term: EntitlementTerm, now: Instant): EntitlementStatus {
  if (term.status === "cancelled" || term.status === "expired") return term.status;
  if (term.endsAt !== null && term.endsAt <= now) return "expired";
  if (term.startsAt > now) return "scheduled";
  return term.source === "trial" ? "trialing" : "active";
}

/** True for an entitlement that grants something now. */
export const isInForce = (status: EntitlementStatus): boolean => status === "active" || status === "trialing";
