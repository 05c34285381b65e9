import type { OverrideBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { requireTenantAdmin, seeTenant } from "../access/guards.ts";
import { answerPage, newestPositionSchema, type ListQuery } from "../http/page.ts";
import { toOverrideBody } from "./override-body.ts";

/** A page of a tenant's overrides, newest first, those that have expired among them. */
export async function listOverrides({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly tenant_id: string };
}): Promise<{ data: OverrideBody[]; next_cursor: string | null }> {
  const { overrides, tenants } = ctx.store.read;
  const view = await seeTenant(ctx, tenants, { id: input.tenant_id });
  requireTenantAdmin(ctx, view);
  return answerPage(ctx, {
    list: "overrides",
    filters: { tenant_id: view.tenant.id },
    query: input,
    position: newestPositionSchema,
    fetch: (page) => overrides.list(view.tenant.id, page),
    toBody: toOverrideBody,
  });
}
