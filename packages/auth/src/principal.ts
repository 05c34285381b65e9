import { isUuid } from "@leftrail/contract";
import type { JWTPayload } from "jose";
import { isRecord } from "./is-record.ts";
import { unauthenticated } from "./unauthenticated.ts";

/** Who is calling, as a verified token says it. Frozen: a cached one is shared by requests. */
export interface Principal {
  readonly kind: "user";
  /** Lower-case UUID; names one person across all trusted issuers. */
  readonly userId: string;
  readonly roles: readonly string[];
  readonly isPlatformAdmin: boolean;
  /** Whether the e-mail address is of an internal domain. */
  readonly isInternal: boolean;
  /** The `org_id` claim, lower-case, when it is a UUID. */
  readonly organizationId: string | null;
  /** The `exp` claim: seconds since the epoch, the clock tolerance not added. */
  readonly expiresAtSeconds: number;
}

const platformAdminRole = "platform-admin";

/**
 * The principal of verified claims; throws `unauthenticated` when `sub`,
 * `exp` or `role` is not what it must be.
 */
export function toPrincipal(claims: JWTPayload, internalEmailDomains: readonly string[]): Principal {
  const { sub, exp, role, org_id: organizationId } = claims;
  if (!isUuid(sub)) throw unauthenticated("sub is not a UUID");
  // JSON can say 1e999, which no timer and no comparison expects.
  if (exp === undefined || exp > Number.MAX_SAFE_INTEGER) throw unauthenticated("exp is out of range");
  if (role !== undefined && role !== "authenticated") throw unauthenticated("role is not authenticated");
  const roles = readRoles(claims);
  return Object.freeze({
    kind: "user",
    userId: sub.toLowerCase(),
    roles: Object.freeze(roles),
    isPlatformAdmin: roles.includes(platformAdminRole),
    isInternal: isInternal(claims, internalEmailDomains),
    organizationId: isUuid(organizationId) ? organizationId.toLowerCase() : null,
    expiresAtSeconds: exp,
  });
}

/** Supabase's `app_metadata` and Keycloak's `realm_access`; users write `user_metadata` themselves. */
function readRoles(claims: JWTPayload): string[] {
  const holders = [claims["app_metadata"], claims["realm_access"]];
  const lists = holders.filter(isRecord).map((holder) => holder["roles"]);
  return [...new Set(lists.filter(isStrings).flat())];
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

function isInternal(claims: JWTPayload, domains: readonly string[]): boolean {
  const { email, email_verified: verified } = claims;
  if (typeof email !== "string") return false;
  // Some identity providers behind Keycloak send their booleans as text.
  if (String(verified).toLowerCase() === "false") return false;
  const at = email.lastIndexOf("@");
  return at > 0 && domains.includes(email.slice(at + 1).toLowerCase());
}
