import type { CreateApiKeyInput, NewApiKeyBody } from "@leftrail/contract";
import type { Context } from "../access/context.ts";
import { requireTenantAdmin, seeTenant, stillThere } from "../access/guards.ts";
import type { Created, OnceRequest } from "../http/idempotency.ts";
import { toApiKeyBody } from "./api-key-body.ts";
import { issueKey } from "./issue-key.ts";
import { refuseInactive } from "./see-api-key.ts";

/** Makes a key of an active tenant; the answer is the only one that ever shows it. */
export const createApiKey = ({
  ctx,
  input,
  once,
}: {
  ctx: Context;
  input: CreateApiKeyInput;
  once: OnceRequest | null;
}): Promise<Created<NewApiKeyBody>> => {
  const { tenant_id: tenantId, name, scopes = [], expires_at: expiresAt = null } = input;
  return issueKey(ctx, once, {
    guard: async ({ tenants }) => requireTenantAdmin(ctx, await seeTenant(ctx, tenants, { id: tenantId })),
    async work(tx, _guarded, insert) {
      refuseInactive(stillThere(await tx.lockTenant(tenantId)));
      const row = await insert({ tenantId, name, scopes, expiresAt });
      const { prefix, expires_at } = toApiKeyBody(row);
      await tx.audit({
        tenantId,
        product: null,
        action: "api_key.created",
        targetType: "api_key",
        targetId: row.id,
        metadata: { name, prefix, scopes, expires_at },
      });
      return row;
    },
  });
};
