import type { OrderBody, OrderStatus } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { seeTenant } from "../access/guards.ts";
import { answerPage, newestPositionSchema, type ListQuery } from "../http/page.ts";
import { toOrderBody } from "./order-body.ts";

/** A page of a tenant's orders, newest first. */
export async function listOrders({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly tenant_id: string; readonly status?: OrderStatus | undefined };
}): Promise<{ data: OrderBody[]; next_cursor: string | null }> {
  const { tenant } = await seeTenant(ctx, ctx.store.read.tenants, { id: input.tenant_id });
  const status = input.status ?? null;
  return answerPage(ctx, {
    list: "orders",
    filters: { tenant_id: tenant.id, status },
    query: input,
    position: newestPositionSchema,
    fetch: (page) => ctx.store.read.orders.list({ tenantId: tenant.id, status }, page),
    toBody: toOrderBody,
  });
}
