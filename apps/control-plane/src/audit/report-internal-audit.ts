import { ProblemError, type AuditEntryBody, type ReportInternalAuditInput } from "@leftrail/contract";
import type { Actor } from "@leftrail/store";
import { createOnceAs, type Created, type OnceRequest } from "../http/idempotency.ts";
import type { InternalContext } from "../internal/internal-context.ts";
import { appendReport } from "./append-report.ts";

/** Takes down what a service says that somebody did, and when. */
export const reportInternalAudit = ({
  ctx: { store, caller },
  input,
  once,
}: {
  ctx: Pick<InternalContext, "store" | "caller">;
  input: ReportInternalAuditInput;
  once: OnceRequest | null;
}): Promise<Created<AuditEntryBody>> => {
  const { requestId, ip } = caller;
  const { actor_type: actorType, actor_id: actorId } = input;
  const actor: Actor = { type: "reported", actorType, actorId, requestId, ip };
  return createOnceAs(store, actor, once, {
    guard: async (tx) => {
      const { isTenantLiving } = await tx.auditLog.state(input.tenant_id);
      if (!isTenantLiving) throw new ProblemError("not_found", "The tenant does not exist.");
    },
    work: (tx) => appendReport(tx, input, input.occurred_at ?? null),
  });
};
