import type { AuditEntryBody, Instant, ReportAuditInput } from "@leftrail/contract";
import type { Change } from "@leftrail/store";
import { refuseCancelled, stillThere } from "../access/guards.ts";
import { toAuditBody } from "./audit-body.ts";

/** Appends what was reported to the trail of a tenant that is not cancelled; nobody's state changes. */
export async function appendReport(
  tx: Change,
  input: ReportAuditInput,
  occurredAt: Instant | null,
): Promise<{ body: AuditEntryBody }> {
  refuseCancelled(stillThere(await tx.lockTenant(input.tenant_id)));
  const entry = await tx.report({
    tenantId: input.tenant_id,
    product: input.product,
    action: input.action,
    targetType: input.target_type ?? null,
    targetId: input.target_id ?? null,
    metadata: input.metadata ?? {},
    occurredAt,
  });
  return { body: toAuditBody(entry) };
}
