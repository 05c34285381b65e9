import type { Role } from "@leftrail/contract";
import type { Membership, Page, PageRequest } from "../records.ts";

export interface MembershipReads {
  find(tenantId: string, userId: string): Promise<Membership | undefined>;
  /** Sorted by user id; a position is the last one seen. */
  list(tenantId: string, page: PageRequest<string>): Promise<Page<Membership, string>>;
  countOwners(tenantId: string): Promise<number>;
}

export interface MembershipWrites {
  put(membership: { tenantId: string; userId: string; role: Role }): Promise<Membership>;
  remove(tenantId: string, userId: string): Promise<boolean>;
}
