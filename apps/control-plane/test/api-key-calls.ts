import { newUser, type TestUser } from "@leftrail/auth/testing";
import { newApiKeyBodySchema, verifiedKeyBodySchema, type NewApiKeyBody } from "@leftrail/contract";
import { givenTenant, type StoreHarness, type TenantSetup } from "@leftrail/store/testing";
import { expect } from "vitest";
import { platformAdmin, type CalledApp } from "./call-app.ts";

/** The calls that tests of API keys are made of. */
export function apiKeyCalls(app: () => CalledApp & { readonly harness: StoreHarness }) {
  const post = (body: object, as: TestUser, headers: Record<string, string> = {}) =>
    app().call("POST", "/v1/api-keys", { as, body, headers });
  return {
    post,
    /** A tenant with an admin and a member. */
    givenTeam: async (status: NonNullable<TenantSetup["status"]> = "active") => {
      const [admin, member] = [newUser(), newUser()];
      const members = { [admin.userId]: "admin", [member.userId]: "member" } as const;
      return { admin, member, tenant: await givenTenant(app().harness.store, { status, members }) };
    },
    /** A key that is shown, as it is when it is new. */
    created: async (
      tenantId: string,
      as: TestUser,
      rest: object = {},
    ): Promise<NewApiKeyBody & { key: string }> => {
      const answer = await post({ tenant_id: tenantId, name: "CI", ...rest }, as);
      expect(answer).toMatchObject({ status: 201 });
      const body = newApiKeyBodySchema.parse(answer.body);
      return { ...body, key: body.key ?? "" };
    },
    list: (tenantId: string, as: TestUser, query = "") =>
      app().call("GET", `/v1/api-keys?tenant_id=${tenantId}${query}`, { as }),
    revoke: (id: string, as: TestUser) => app().call("DELETE", `/v1/api-keys/${id}`, { as }),
    rotate: (id: string, as: TestUser, body: object = { grace_seconds: 60 }, headers = {}) =>
      app().call("POST", `/v1/api-keys/${id}/rotate`, { as, body, headers }),
    cancel: (id: string) => app().call("POST", `/v1/tenants/${id}/cancel`, { as: platformAdmin }),
    /** `valid`, or why not. */
    verdict: async (key: string, from: CalledApp = app()) => {
      const answer = await from.verify({ key });
      expect(answer.status).toBe(200);
      const body = verifiedKeyBodySchema.parse(answer.body);
      return body.valid ? "valid" : body.code;
    },
  };
}
