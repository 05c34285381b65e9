import type { Instant, TenantStatus } from "@leftrail/contract";
import type { ApiKey, NewestPosition, Page, PageRequest, Seen, Viewer } from "../records.ts";

export interface ApiKeyReads {
  /** Undefined when there is none or its tenant is none of the viewer's. */
  find(apiKeyId: string, viewer: Viewer): Promise<Seen<ApiKey> | undefined>;
  /** Of one tenant, newest first. */
  list(tenantId: string, page: PageRequest<NewestPosition>): Promise<Page<ApiKey, NewestPosition>>;
  /** One statement: the row with all that a verification needs of its tenant. */
  findForVerification(prefix: string): Promise<KeyForVerification | undefined>;
}

export interface ApiKeyWrites {
  /** Throws conflict when the prefix is taken. */
  insert(apiKey: NewApiKey): Promise<ApiKey>;
  /** Undefined when there is none that is not revoked already. */
  revoke(apiKeyId: string): Promise<ApiKey | undefined>;
  /** Lets a key expire so many seconds from now, unless it does so sooner. Undefined: no such key. */
  expireAfter(apiKeyId: string, seconds: number): Promise<ApiKey | undefined>;
}

export interface NewApiKey {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly prefix: string;
  readonly keyHash: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly expiresAt: Instant | null;
}

export interface KeyForVerification {
  readonly id: string;
  readonly tenantId: string;
  readonly keyHash: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** As of now. */
  readonly isExpired: boolean;
  readonly tenantStatus: TenantStatus;
  /** In force now, sorted. */
  readonly products: readonly string[];
}
