import type { Role } from "@leftrail/contract";
import type { Membership } from "@leftrail/store";
import { actorOf, type Context } from "../access/context.ts";
import { refuseCancelled, stillThere } from "../access/guards.ts";
import { keepAnOwner, mayChangeMember } from "./member-rights.ts";

/** Makes a user a member, or gives a member another role. */
export function setMember({
  ctx,
  input,
}: {
  ctx: Context;
  input: { readonly id: string; readonly user_id: string; readonly role: Role };
}): Promise<Membership> {
  const { id: tenantId, user_id: userId, role } = input;
  return ctx.store.change(actorOf(ctx), async (tx) => {
    await mayChangeMember(ctx, tx, { tenantId, userId, role });
    refuseCancelled(stillThere(await tx.lockTenant(tenantId)));
    const before = await tx.memberships.find(tenantId, userId);
    if (before?.role === role) return before;
    await keepAnOwner(tx, before);
    // Again under the lock: a right that was lost while waiting for it does not count.
    await mayChangeMember(ctx, tx, { tenantId, userId, role });

    const after = await tx.write.memberships.put({ tenantId, userId, role });
    await tx.audit({
      tenantId,
      product: null,
      action: "member.set",
      targetType: "user",
      targetId: userId,
      metadata: { from: before?.role ?? null, role },
    });
    return after;
  });
}
