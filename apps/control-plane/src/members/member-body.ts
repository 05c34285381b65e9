import { toTimestamp, type MemberBody } from "@leftrail/contract";
import type { Membership } from "@leftrail/store";

/** A member as answers show it. */
export const toMemberBody = ({ tenantId, userId, role, createdAt }: Membership): MemberBody => ({
  tenant_id: tenantId,
  user_id: userId,
  role,
  created_at: toTimestamp(createdAt),
});
