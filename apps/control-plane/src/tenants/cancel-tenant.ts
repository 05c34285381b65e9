import type { Tenant } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { requireOwner } from "../access/guards.ts";
import { changeTenantStatus } from "./change-tenant-status.ts";

/** pending or active → cancelled, by an owner or a platform admin. */
export const cancelTenant = ({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<Tenant> =>
  changeTenantStatus(ctx, input.id, {
    to: "cancelled",
    action: "tenant.cancelled",
    mayDoIt: (view) => requireOwner(ctx, view),
    isPossible: () => undefined,
  });
