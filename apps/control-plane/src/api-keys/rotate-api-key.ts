import { ProblemError, type NewApiKeyBody, type RotateApiKeyInput } from "@leftrail/contract";
import type { Change } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { requireTenantAdmin, stillThere } from "../access/guards.ts";
import type { Created, OnceRequest } from "../http/idempotency.ts";
import { issueKey } from "./issue-key.ts";
import { apiKeyNotFound, refuseInactive, seeApiKey } from "./see-api-key.ts";

/**
 * Makes a key with the name and scopes of another, which expires after the grace at the
 * latest. The new one has no expiry: the old one's may be that of an earlier rotation.
 */
export const rotateApiKey = ({
  ctx,
  input,
  once,
}: {
  ctx: Context;
  input: RotateApiKeyInput & { readonly id: string };
  once: OnceRequest | null;
}): Promise<Created<NewApiKeyBody>> =>
  issueKey(ctx, once, {
    async guard({ apiKeys }) {
      const { row, view } = await seeApiKey(ctx, apiKeys, input.id);
      requireTenantAdmin(ctx, view);
      return row;
    },
    async work(tx, old, insert) {
      const { tenantId, name, scopes } = old;
      refuseInactive(stillThere(await tx.lockTenant(tenantId)));
      await refuseEnded(tx, old.prefix);
      const row = await insert({ tenantId, name, scopes, expiresAt: null });
      const grace_seconds = input.grace_seconds;
      if ((await tx.write.apiKeys.expireAfter(old.id, grace_seconds)) === undefined) throw apiKeyNotFound();
      await tx.audit({
        tenantId,
        product: null,
        action: "api_key.rotated",
        targetType: "api_key",
        targetId: old.id,
        metadata: { prefix: old.prefix, grace_seconds, new_key_id: row.id, new_prefix: row.prefix },
      });
      return row;
    },
  });

/** Read under the tenant's lock: what was seen before it may be revoked or expired by now. */
async function refuseEnded(tx: Change, prefix: string): Promise<void> {
  const row = await tx.apiKeys.findForVerification(prefix);
  if (row === undefined) throw apiKeyNotFound();
  if (row.revokedAt !== null) throw new ProblemError("conflict", "The API key is revoked.");
  if (row.isExpired) throw new ProblemError("conflict", "The API key has expired.");
}
