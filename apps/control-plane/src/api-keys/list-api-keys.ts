import type { ApiKeyBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { requireTenantAdmin, seeTenant } from "../access/guards.ts";
import { answerPage, newestPositionSchema, type ListQuery } from "../http/page.ts";
import { toApiKeyBody } from "./api-key-body.ts";

/** A page of a tenant's keys, newest first, revoked and expired ones among them. */
export async function listApiKeys({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly tenant_id: string };
}): Promise<{ data: ApiKeyBody[]; next_cursor: string | null }> {
  const { apiKeys, tenants } = ctx.store.read;
  const view = await seeTenant(ctx, tenants, { id: input.tenant_id });
  requireTenantAdmin(ctx, view);
  return answerPage(ctx, {
    list: "api-keys",
    filters: { tenant_id: view.tenant.id },
    query: input,
    position: newestPositionSchema,
    fetch: (page) => apiKeys.list(view.tenant.id, page),
    toBody: toApiKeyBody,
  });
}
