import type { CreateTenantInput, TenantBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { refuseCancelled, requireTenantAdmin, seeTenant, stillThere } from "../access/guards.ts";
import { createOnce, type Created, type OnceRequest } from "../http/idempotency.ts";
import { toTenantBody } from "./tenant-body.ts";

/** Makes a pending tenant owned by the caller; below a parent only for its admin. */
export function createTenant({
  ctx,
  input,
  once,
}: {
  ctx: Context;
  input: CreateTenantInput;
  once: OnceRequest | null;
}): Promise<Created<TenantBody>> {
  const { slug, name } = input;
  const parentTenantId = input.parent_tenant_id ?? null;
  return createOnce(ctx, once, {
    async guard(tx) {
      if (parentTenantId === null) return;
      requireTenantAdmin(ctx, await seeTenant(ctx, tx.tenants, { id: parentTenantId }));
    },
    async work(tx) {
      if (parentTenantId !== null) refuseCancelled(stillThere(await tx.lockTenant(parentTenantId)));
      const tenant = await tx.write.tenants.insert({ id: ctx.newId(), slug, name, parentTenantId });
      const { userId } = ctx.caller.principal;
      await tx.write.memberships.put({ tenantId: tenant.id, userId, role: "owner" });
      await tx.audit({
        tenantId: tenant.id,
        product: null,
        action: "tenant.created",
        targetType: "tenant",
        targetId: tenant.id,
        metadata: { slug, name, parent_tenant_id: parentTenantId },
      });
      return { body: toTenantBody(tenant) };
    },
  });
}
