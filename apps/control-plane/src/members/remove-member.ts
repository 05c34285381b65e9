import { actorOf, type Context } from "../access/context.ts";
import { stillThere } from "../access/guards.ts";
import { keepAnOwner, mayChangeMember, stillMember } from "./member-rights.ts";

/** Takes a member's role away; of a cancelled tenant too. */
export function removeMember({
  ctx,
  input,
}: {
  ctx: Context;
  input: { readonly id: string; readonly user_id: string };
}): Promise<void> {
  const { id: tenantId, user_id: userId } = input;
  return ctx.store.change(actorOf(ctx), async (tx) => {
    await mayChangeMember(ctx, tx, { tenantId, userId, role: null });
    stillThere(await tx.lockTenant(tenantId));
    const before = stillMember(await tx.memberships.find(tenantId, userId));
    await keepAnOwner(tx, before);
    // Again under the lock: a right that was lost while waiting for it does not count.
    await mayChangeMember(ctx, tx, { tenantId, userId, role: null });

    await tx.write.memberships.remove(tenantId, userId);
    await tx.audit({
      tenantId,
      product: null,
      action: "member.removed",
      targetType: "user",
      targetId: userId,
      metadata: { from: before.role },
    });
  });
}
