/** What changed, in the words of the event that says so. */
export type AnnouncedReason = "entitlement" | "override" | "tenant" | "product";

/** How long after its caches were told an organization is told itself, in milliseconds. */
export const announcementDelayMs = 300;

/** A change of what organizations have, to be told to them. */
export interface Announcement {
  readonly id: number;
  /** The same each time that it comes; no other one's, not even of a database that was restored. */
  readonly key: string;
  readonly reason: AnnouncedReason;
  /** Whom it concerns, with the products in force now; where it concerns all, so many at a time. */
  readonly organizations: readonly { readonly id: string; readonly products: readonly string[] }[];
  /** Where it goes on with the next ones; null: nowhere. */
  readonly nextAfter: string | null;
}

/** What a row of the outbox is announced as, and to whom: undefined to nobody, null to all. */
export function announcementOf(
  scope: string,
  reason: string,
): { readonly organizationId: string | null; readonly reason: AnnouncedReason } | undefined {
  const announced = announcedReasons.get(reason);
  if (announced === undefined) return undefined;
  if (scope.startsWith("org:")) return { organizationId: scope.slice("org:".length), reason: announced };
  return scope === "catalog" || scope === "all" ? { organizationId: null, reason: announced } : undefined;
}

const announcedReasons: ReadonlyMap<string, AnnouncedReason> = new Map([
  ["entitlement", "entitlement"],
  ["entitlement-boundary", "entitlement"],
  ["override", "override"],
  ["override-boundary", "override"],
  ["tenant", "tenant"],
  ["product", "product"],
]);
