/** Who a token is for; all has a default. */
export interface ClaimsInput {
  readonly userId?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly roles?: readonly string[];
  readonly organizationId?: string;
}

/** The `sub` of a token that names nobody in particular. */
export const defaultUserId = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";

const defaults = { userId: defaultUserId, email: "alice@example.com" };

/** Claims as Supabase Auth puts them into an access token; roles stand in `app_metadata`. */
export function supabaseClaims(input: ClaimsInput = {}): Record<string, unknown> {
  const { userId, email, emailVerified = true, roles, organizationId } = { ...defaults, ...input };
  return {
    sub: userId,
    aud: "authenticated",
    role: "authenticated",
    email,
    phone: "",
    app_metadata: { provider: "email", providers: ["email"], ...(roles === undefined ? {} : { roles }) },
    user_metadata: { email, email_verified: emailVerified, phone_verified: false, sub: userId },
    aal: "aal1",
    amr: [{ method: "password", timestamp: 1_767_225_600 }],
    session_id: "5f0c0f1e-7c52-4f0a-9a53-2d0b8e1f7a10",
    is_anonymous: false,
    ...(organizationId === undefined ? {} : { org_id: organizationId }),
  };
}

/** Claims as Keycloak puts them into an access token; roles stand in `realm_access`, and there is no `role`. */
export function keycloakClaims(input: ClaimsInput = {}): Record<string, unknown> {
  const { userId, email, emailVerified = true, roles = [], organizationId } = { ...defaults, ...input };
  return {
    jti: "onrtac:3b0b4c1a-8a86-4f0e-9c39-0f6b1d1f0c55",
    sub: userId,
    aud: ["leftrail", "account"],
    role: undefined,
    typ: "Bearer",
    azp: "dashboard",
    sid: "2c9f4f0e-51c5-4b3b-8a0f-6f8f7f0a5d11",
    acr: "1",
    "allowed-origins": ["https://dashboard.example.com"],
    realm_access: { roles: ["default-roles-leftrail", "offline_access", "uma_authorization", ...roles] },
    resource_access: { account: { roles: ["manage-account", "manage-account-links", "view-profile"] } },
    scope: "openid profile email",
    email_verified: emailVerified,
    email,
    preferred_username: email,
    ...(organizationId === undefined ? {} : { org_id: organizationId }),
  };
}
