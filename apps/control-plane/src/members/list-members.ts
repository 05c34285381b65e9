import type { MemberBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { requireTenantAdmin, seeTenant } from "../access/guards.ts";
import { answerPage, textPositionSchema, type ListQuery } from "../http/page.ts";
import { toMemberBody } from "./member-body.ts";

/** A page of a tenant's own members, sorted by user id. */
export async function listMembers({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly id: string };
}): Promise<{ data: MemberBody[]; next_cursor: string | null }> {
  const { memberships, tenants } = ctx.store.read;
  const view = await seeTenant(ctx, tenants, { id: input.id });
  requireTenantAdmin(ctx, view);
  return answerPage(ctx, {
    list: "members",
    filters: { tenant_id: view.tenant.id },
    query: input,
    position: textPositionSchema,
    fetch: (page) => memberships.list(view.tenant.id, page),
    toBody: toMemberBody,
  });
}
