import type { AuditVerificationBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { seeTrail } from "./see-trail.ts";

/** Computes a tenant's whole trail again and tells where it stops being what was written. */
export async function verifyAudit({
  ctx,
  input,
}: {
  ctx: Context;
  input: { readonly tenant_id: string };
}): Promise<AuditVerificationBody> {
  await seeTrail(ctx, input.tenant_id);
  const { ok, checked, head, firstBroken } = await ctx.store.verifyTrail(input.tenant_id);
  return { ok, checked, head, first_broken: firstBroken };
}
