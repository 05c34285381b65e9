import type { Tenant } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { refuseCancelled, requirePlatformAdmin } from "../access/guards.ts";
import { changeTenantStatus } from "./change-tenant-status.ts";

/** pending → active, by a platform admin. */
export const activateTenant = ({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<Tenant> =>
  changeTenantStatus(ctx, input.id, {
    to: "active",
    action: "tenant.activated",
    mayDoIt: () => requirePlatformAdmin(ctx),
    isPossible: refuseCancelled,
  });
