import { changeAs, type StoreHarness } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";

/** An entitlement without an end. */
export const entitle = ({ store }: StoreHarness, tenantId: string, product: string) =>
  changeAs(store, tenantId, (tx) =>
    tx.write.entitlements.insert({
      id: randomUUID(),
      tenantId,
      product,
      source: "purchase",
      startsAt: null,
      ends: null,
      orderId: null,
    }),
  );

export const override = (
  { store }: StoreHarness,
  tenantId: string,
  targetType: "feature" | "product",
  target: string,
  effect: "grant" | "deny",
) =>
  changeAs(store, tenantId, (tx) =>
    tx.write.overrides.put({
      id: randomUUID(),
      tenantId,
      targetType,
      target,
      effect,
      expiresAt: null,
      reason: null,
    }),
  );
