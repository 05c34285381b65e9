import { toTimestamp, type OrganizationProduct, type ProductsBody } from "@leftrail/contract";
import type { Loaded } from "@leftrail/read-cache";
import type { SidebarProduct, SidebarReads } from "@leftrail/store";

/** Every entitlement of an organization, status as of now. Absent when the organization is not the user's. */
export async function loadProducts({
  ctx,
  input,
}: {
  ctx: { readonly sidebar: Pick<SidebarReads, "products"> };
  input: { readonly organizationId: string; readonly userId: string };
}): Promise<Loaded> {
  const seen = await ctx.sidebar.products(input.organizationId, input.userId);
  if (seen === undefined) return { kind: "absent" };
  const body: ProductsBody = { products: seen.products.map(toProduct) };
  return { kind: "found", body: JSON.stringify(body), endsInMs: seen.endsInMs };
}

const toProduct = ({ entitlement, name, order, stripeProduct }: SidebarProduct): OrganizationProduct => ({
  id: entitlement.id,
  organizationId: entitlement.tenantId,
  product: entitlement.product,
  name,
  status: entitlement.status,
  startsAt: toTimestamp(entitlement.startsAt),
  endsAt: entitlement.endsAt === null ? null : toTimestamp(entitlement.endsAt),
  order: order === null ? null : { ...order, createdAt: toTimestamp(order.createdAt) },
  stripeProduct,
  createdAt: toTimestamp(entitlement.createdAt),
  updatedAt: toTimestamp(entitlement.updatedAt),
});
