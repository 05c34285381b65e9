import type { CatalogItem } from "@leftrail/contract";
import type { CatalogProduct } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { seeTenant } from "../access/guards.ts";
import { answerPage, textPositionSchema, type ListQuery } from "../http/page.ts";
import { toCatalogItem } from "./catalog-item.ts";

/** A page of the products on offer, sorted by product; for a tenant with what each is to it. */
export async function listCatalog({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly tenant_id?: string | undefined };
}): Promise<{ data: CatalogItem[]; next_cursor: string | null }> {
  const { catalog, tenants } = ctx.store.read;
  const tenantId = input.tenant_id ?? null;
  if (tenantId !== null) await seeTenant(ctx, tenants, { id: tenantId });
  return answerPage(ctx, {
    list: "catalog",
    filters: { tenant_id: tenantId },
    query: input,
    position: textPositionSchema,
    fetch: (page) => (tenantId === null ? catalog.list(page) : catalog.listForTenant(tenantId, page)),
    toBody: (item: CatalogProduct) => toCatalogItem(ctx.rules, item),
  });
}
