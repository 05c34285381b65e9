import type { EntitlementBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { seeTenant } from "../access/guards.ts";
import { answerPage, newestPositionSchema, type ListQuery } from "../http/page.ts";
import { toEntitlementBody } from "./entitlement-body.ts";

/** A page of a tenant's entitlements, newest first, status as of now. */
export async function listEntitlements({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly tenant_id: string };
}): Promise<{ data: EntitlementBody[]; next_cursor: string | null }> {
  const { tenant } = await seeTenant(ctx, ctx.store.read.tenants, { id: input.tenant_id });
  return answerPage(ctx, {
    list: "entitlements",
    filters: { tenant_id: tenant.id },
    query: input,
    position: newestPositionSchema,
    fetch: (page) => ctx.store.read.entitlements.list(tenant.id, page),
    toBody: toEntitlementBody,
  });
}
