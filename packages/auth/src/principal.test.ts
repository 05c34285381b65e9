import { describe, expect, test } from "vitest";
import { defaultUserId, keycloakClaims, supabaseClaims } from "../test/fixture.ts";
import { toPrincipal } from "./principal.ts";
import { unauthenticatedDetail } from "./unauthenticated.ts";

const expiresAtSeconds = 1_767_225_600;
const principalOf = (claims: Record<string, unknown>) =>
  toPrincipal({ sub: defaultUserId, exp: expiresAtSeconds, ...claims }, ["leftrail.dev", "example.org"]);

describe("a principal", () => {
  test("has everything a token says, ids in lower case", () => {
    const claims = {
      sub: defaultUserId.toUpperCase(),
      role: "authenticated",
      email: "ops@leftrail.dev",
      app_metadata: { roles: ["platform-admin"] },
      org_id: "0192F3A4-7B1C-7DEF-8A9B-000000000001",
    };
    expect(principalOf(claims)).toEqual({
      kind: "user",
      userId: defaultUserId,
      roles: ["platform-admin"],
      isPlatformAdmin: true,
      isInternal: true,
      organizationId: "0192f3a4-7b1c-7def-8a9b-000000000001",
      expiresAtSeconds,
    });
  });

  test("can't be changed by one of the requests that share it", () => {
    const principal = principalOf({ app_metadata: { roles: ["a"] } });
    expect(Object.isFrozen(principal) && Object.isFrozen(principal.roles)).toBe(true);
  });

  test.each([undefined, null, "acme", 7, {}])("has no organization when org_id is %j", (org_id) =>
    expect(principalOf({ org_id }).organizationId).toBeNull(),
  );
});

describe("sub, exp and role", () => {
  test.each([
    { sub: "alice" },
    { sub: undefined },
    { sub: 7 },
    { sub: `${defaultUserId}\n` },
    { sub: "" },
    { exp: Number.POSITIVE_INFINITY },
    { exp: undefined },
    { role: "anon" },
    { role: "service_role" },
    { role: "Authenticated" },
    { role: null },
    { role: ["authenticated"] },
    { role: "" },
  ])("refuse %j", (claims) => {
    expect(() => principalOf(claims)).toThrow(
      expect.objectContaining({ code: "unauthenticated", message: unauthenticatedDetail }),
    );
  });

  test("allow a token without a role claim", () => {
    expect(principalOf({}).userId).toBe(defaultUserId);
  });
});

describe("roles", () => {
  test.each([
    ["Supabase's app_metadata", supabaseClaims({ roles: ["platform-admin", "x"] }), ["platform-admin", "x"]],
    [
      "both places, each once",
      { app_metadata: { roles: ["a", "b"] }, realm_access: { roles: ["b"] } },
      ["a", "b"],
    ],
    ["never user_metadata", { user_metadata: { roles: ["platform-admin"] } }, []],
    ["never a top-level claim", { roles: ["platform-admin"] }, []],
    ["never a client's roles", { resource_access: { account: { roles: ["platform-admin"] } } }, []],
    ["a text is ignored", { app_metadata: { roles: "platform-admin" } }, []],
    ["a mixed list is ignored", { app_metadata: { roles: ["platform-admin", 1] } }, []],
    ["an object is ignored", { realm_access: { roles: { 0: "platform-admin" } } }, []],
    ["a null holder is ignored", { app_metadata: null, realm_access: [] }, []],
    ["one malformed place leaves the other", { app_metadata: 1, realm_access: { roles: ["a"] } }, ["a"]],
  ])("come from the right place: %s", (_title, claims, roles) => {
    const principal = principalOf(claims);
    expect(principal.roles).toEqual(roles);
    expect(principal.isPlatformAdmin).toBe(roles.includes("platform-admin"));
  });

  test("come from Keycloak's realm_access, beside its own", () => {
    expect(principalOf(keycloakClaims({ roles: ["platform-admin"] })).isPlatformAdmin).toBe(true);
    expect(principalOf(keycloakClaims()).isPlatformAdmin).toBe(false);
  });

  test.each(["Platform-Admin", "platform-admin ", "platform_admin"])("%j is no platform admin", (role) =>
    expect(principalOf({ app_metadata: { roles: [role] } }).isPlatformAdmin).toBe(false),
  );
});

describe("an internal caller", () => {
  test.each([
    [{ email: "a@leftrail.dev" }, true],
    [{ email: "A@LeftRail.DEV" }, true],
    [{ email: "a@example.org", email_verified: true }, true],
    [{ email: '"x@y"@leftrail.dev' }, true],
    [{ email: "a@leftrail.dev", email_verified: null }, true],
    [{ email: "a@leftrail.dev", email_verified: false }, false],
    [{ email: "a@leftrail.dev", email_verified: "false" }, false],
    [{ email: "a@leftrail.dev", email_verified: "False" }, false],
    [{ email: "a@notleftrail.dev" }, false],
    [{ email: "a@sub.leftrail.dev" }, false],
    [{ email: "a@leftrail.dev.evil.test" }, false],
    [{ email: "a@leftrail.dev@evil.test" }, false],
    [{ email: "@leftrail.dev" }, false],
    [{ email: "leftrail.dev" }, false],
    [{ email: "a@leftrail.dev " }, false],
    [{ email: "a@leftrail.dev." }, false],
    [{ email: ["a@leftrail.dev"] }, false],
    [{ user_metadata: { email: "a@leftrail.dev" } }, false],
    [{}, false],
  ])("%j → %s", (claims, expected) => expect(principalOf(claims).isInternal).toBe(expected));
});
