import type { TenantReads } from "./port/tenants.ts";
import type { Seen, Viewer } from "./records.ts";

/** A row with its tenant as the viewer may see it; undefined when either is not there for them. */
export async function seen<T extends { readonly tenantId: string }>(
  tenants: Pick<TenantReads, "find">,
  row: T | undefined,
  viewer: Viewer,
): Promise<Seen<T> | undefined> {
  if (row === undefined) return undefined;
  const view = await tenants.find({ id: row.tenantId }, viewer);
  return view && { row, view };
}
