import type { StoreHarness } from "@leftrail/store/testing";
import { expect } from "vitest";

/** A tenant's audit entries, oldest first, without those that set the test up. */
export async function trailOf(harness: StoreHarness, tenantId: string) {
  const { auditLog } = await harness.dump();
  return auditLog.filter((entry) => entry.tenantRef === tenantId && entry.actorType !== "system");
}

export const actionsOf = async (harness: StoreHarness, tenantId: string): Promise<readonly string[]> =>
  (await trailOf(harness, tenantId)).map(({ action }) => action);

/** Runs `work` and expects that afterwards every row and every audit entry is what it was. */
export async function expectNoChange<T>(harness: StoreHarness, work: () => Promise<T>): Promise<T> {
  const before = await harness.dump();
  const result = await work();
  expect(await harness.dump()).toEqual(before);
  return result;
}
