import { custom, explained, integer } from "@leftrail/service";
import { parseAuthIssuers } from "./auth-issuers.ts";
import { parseEmailDomains } from "./email-domains.ts";

/** The settings of every service that verifies tokens. */
export const authSettings = {
  AUTH_ISSUERS: custom({
    parse: explained(parseAuthIssuers),
    example:
      '[{"issuer":"https://project.supabase.co/auth/v1","jwksUrl":"https://project.supabase.co/auth/v1/.well-known/jwks.json","audience":"authenticated"}]',
  }),
  INTERNAL_EMAIL_DOMAINS: custom({
    parse: explained(parseEmailDomains),
    example: "example.com",
    developmentDefault: ["leftrail.dev"],
  }),
  JWKS_COOLDOWN_MS: integer({ min: 0, max: 3_600_000, default: 5_000 }),
};
