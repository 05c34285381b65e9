import { toTimestamp, type OrganizationProduct, type ProductsBody } from "@leftrail/contract";
import type { ReadStore, SidebarProduct } from "@leftrail/store";
import { notAccessible } from "../http/not-accessible.ts";

/** Every entitlement of an organization, status as of now. Throws forbidden when it is not the user's. */
export async function getProducts({
  ctx,
  input,
}: {
  ctx: { readonly store: ReadStore };
  input: { readonly organizationId: string; readonly userId: string };
}): Promise<ProductsBody> {
  const rows = await ctx.store.read.sidebar.products(input.organizationId, input.userId);
  if (rows === undefined) throw notAccessible();
  return { products: rows.map(toProduct) };
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
