import type { AuditEntryBody, Instant } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { requirePlatformAdmin } from "../access/guards.ts";
import { answerPage, newestPositionSchema, type ListQuery } from "../http/page.ts";
import { toAuditBody } from "./audit-body.ts";
import { seeTrail } from "./see-trail.ts";

export interface AuditQuery extends ListQuery {
  readonly tenant_id?: string | undefined;
  readonly product?: string | undefined;
  readonly actor_id?: string | undefined;
  readonly action?: string | undefined;
  readonly since?: Instant | undefined;
  readonly until?: Instant | undefined;
}

/** A page of a tenant's trail, newest first; without a tenant of all trails, for platform admins. */
export async function listAudit({
  ctx,
  input,
}: {
  ctx: Context;
  input: AuditQuery;
}): Promise<{ data: AuditEntryBody[]; next_cursor: string | null }> {
  if (input.tenant_id === undefined) requirePlatformAdmin(ctx);
  else await seeTrail(ctx, input.tenant_id);
  const { tenant_id = null, product = null, actor_id = null, action = null } = input;
  const { since = null, until = null } = input;
  return answerPage(ctx, {
    list: "audit",
    filters: { tenant_id, product, actor_id, action, since, until },
    query: input,
    position: newestPositionSchema,
    fetch: (page) =>
      ctx.store.read.auditLog.list(
        { tenantRef: tenant_id, product, actorId: actor_id, action, since, until },
        page,
      ),
    toBody: toAuditBody,
  });
}
