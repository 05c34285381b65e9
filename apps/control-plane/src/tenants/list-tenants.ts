import type { TenantBody, TenantStatus } from "@leftrail/contract";
import { viewerOf, type Context } from "../access/context.ts";
import { answerPage, newestPositionSchema, type ListQuery } from "../http/page.ts";
import { toTenantBody } from "./tenant-body.ts";

/** A page of the tenants that the caller may see, newest first. */
export function listTenants({
  ctx,
  input,
}: {
  ctx: Context;
  input: ListQuery & { readonly status?: TenantStatus | undefined };
}): Promise<{ data: TenantBody[]; next_cursor: string | null }> {
  const status = input.status ?? null;
  return answerPage(ctx, {
    list: "tenants",
    filters: { status },
    query: input,
    position: newestPositionSchema,
    fetch: (page) => ctx.store.read.tenants.list({ viewer: viewerOf(ctx), status }, page),
    toBody: toTenantBody,
  });
}
