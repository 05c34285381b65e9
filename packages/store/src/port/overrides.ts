import type { Instant, OverrideEffect, OverrideTargetType } from "@leftrail/contract";
import type { NewestPosition, Override, Page, PageRequest, Seen, Viewer } from "../records.ts";

/** Overrides that are switched off count as none. */
export interface OverrideReads {
  /** Undefined when there is none or its tenant is none of the viewer's. */
  find(overrideId: string, viewer: Viewer): Promise<Seen<Override> | undefined>;
  findByTarget(target: OverrideTarget): Promise<Override | undefined>;
  /** Of one tenant, newest first. */
  list(tenantId: string, page: PageRequest<NewestPosition>): Promise<Page<Override, NewestPosition>>;
}

export interface OverrideWrites {
  /** Replaces the override of the same tenant and target. */
  put(override: NewOverride): Promise<Override>;
  remove(tenantId: string, overrideId: string): Promise<boolean>;
}

interface OverrideTarget {
  readonly tenantId: string;
  readonly targetType: OverrideTargetType;
  readonly target: string;
}

export interface NewOverride extends OverrideTarget {
  readonly id: string;
  readonly effect: OverrideEffect;
  readonly expiresAt: Instant | null;
  readonly reason: string | null;
}
