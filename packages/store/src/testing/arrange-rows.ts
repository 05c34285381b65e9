import { randomUUID } from "node:crypto";
import { toInstant, type Instant } from "@leftrail/contract";
import type { EntitlementRow, OverrideRow } from "../memory/tables.ts";
import { at } from "./dump.ts";

const past = at("2020-01-01T00:00:00");

/** A purchase of ai-chat that is in force, unless said otherwise. */
export const entitlementRow = (tenantId: string, row: Partial<EntitlementRow> = {}): EntitlementRow => ({
  id: randomUUID(),
  tenantId,
  product: "ai-chat",
  source: "purchase",
  status: "active",
  startsAt: past,
  endsAt: null,
  orderId: null,
  createdAt: past,
  updatedAt: past,
  ...row,
});

/** A live grant of a feature, unless said otherwise. */
export const overrideRow = (
  tenantId: string,
  row: Pick<OverrideRow, "target"> & Partial<OverrideRow>,
): OverrideRow => ({
  id: randomUUID(),
  tenantId,
  targetType: "feature",
  effect: "grant",
  active: true,
  expiresAt: null,
  reason: null,
  createdAt: past,
  updatedAt: past,
  ...row,
});

/** So many milliseconds from now, by this process's clock. */
export const inMs = (ms: number): Instant =>
  toInstant(`${new Date(Date.now() + ms).toISOString().slice(0, 23)}000Z`);
