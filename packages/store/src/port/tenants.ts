import type { TenantStatus } from "@leftrail/contract";
import type { NewestPosition, Page, PageRequest, Tenant, TenantView, Viewer } from "../records.ts";

export interface TenantReads {
  /** Undefined when there is none or the viewer may not see it. */
  find(by: { id: string } | { slug: string }, viewer: Viewer): Promise<TenantView | undefined>;
  /** What the viewer may see, newest first. */
  list(
    query: { viewer: Viewer; status: TenantStatus | null },
    page: PageRequest<NewestPosition>,
  ): Promise<Page<Tenant, NewestPosition>>;
  hasChildren(tenantId: string): Promise<boolean>;
  /** True when `tenantId` is `ancestorId` or below it. */
  isWithin(tenantId: string, ancestorId: string): Promise<boolean>;
}

export interface TenantWrites {
  insert(tenant: NewTenant): Promise<Tenant>;
  /** Changes what is given. Undefined: no such tenant. */
  update(tenantId: string, change: TenantChange): Promise<Tenant | undefined>;
  /** Also stamps activated_at or cancelled_at. */
  setStatus(tenantId: string, status: "active" | "cancelled"): Promise<Tenant | undefined>;
  /** With all its rows but the audit trail. */
  remove(tenantId: string): Promise<boolean>;
}

export interface NewTenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly parentTenantId: string | null;
}

export interface TenantChange {
  readonly name?: string;
  readonly parentTenantId?: string | null;
}
