import { newUser, type TestUser } from "@leftrail/auth/testing";
import { orderBodySchema, type OrderBody } from "@leftrail/contract";
import { at, changeAs, givenTenant, type StoreHarness, type TenantSetup } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { platformAdmin, type CalledApp } from "./call-app.ts";

const later = at("2100-01-01T00:00:00");

/** What tests of requests and orders ask of the control plane. */
export function orderCalls(app: () => CalledApp & { harness: StoreHarness }) {
  const request = (as: TestUser, tenant_id: string, product = "ai-chat", rest: object = {}) =>
    app().call("POST", "/v1/catalog/request", { as, body: { tenant_id, product, ...rest } });
  return {
    request,
    givenAdmin: async (status: NonNullable<TenantSetup["status"]> = "active") => {
      const [as, member] = [newUser(), newUser()];
      const members = { [as.userId]: "admin", [member.userId]: "member" } as const;
      return { as, member, tenant: await givenTenant(app().harness.store, { status, members }) };
    },
    givenOrder: async (as: TestUser, tenantId: string, product = "ai-chat"): Promise<OrderBody> =>
      orderBodySchema.parse((await request(as, tenantId, product)).body),
    startTrial: (as: TestUser, tenant_id: string) =>
      app().call("POST", "/v1/catalog/trial-request", { as, body: { tenant_id, product: "ai-chat" } }),
    decide: (decision: "approve" | "reject", id: string, as: TestUser = platformAdmin) =>
      app().call("POST", `/v1/orders/${id}/${decision}`, { as }),
    /** To ai-chat, by no order. */
    entitle: (tenantId: string, starts: "now" | "later" = "now") =>
      changeAs(app().harness.store, tenantId, (tx) =>
        tx.write.entitlements.insert({
          id: randomUUID(),
          tenantId,
          product: "ai-chat",
          source: "grant",
          startsAt: starts === "now" ? null : later,
          ends: null,
          orderId: null,
        }),
      ),
  };
}
