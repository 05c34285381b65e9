import type { AuditEntryBody, ReportAuditInput } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { seeTenant } from "../access/guards.ts";
import { createOnce, type Created, type OnceRequest } from "../http/idempotency.ts";
import { appendReport } from "./append-report.ts";

/** Takes down what a member says they did in a product. */
export const reportAudit = ({
  ctx,
  input,
  once,
}: {
  ctx: Context;
  input: ReportAuditInput;
  once: OnceRequest | null;
}): Promise<Created<AuditEntryBody>> =>
  createOnce(ctx, once, {
    guard: (tx) => seeTenant(ctx, tx.tenants, { id: input.tenant_id }),
    work: (tx) => appendReport(tx, input, null),
  });
