import type { Tenant } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { seeTenant } from "../access/guards.ts";

/** One tenant that the caller may see, by id or slug. Throws not_found for any other. */
export async function getTenant({
  ctx,
  input,
}: {
  ctx: Context;
  input: { id: string } | { slug: string };
}): Promise<Tenant> {
  const { tenant } = await seeTenant(ctx, ctx.store.read.tenants, input);
  return tenant;
}
