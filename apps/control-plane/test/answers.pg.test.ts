import { newUser } from "@leftrail/auth/testing";
import { changeAs, givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { eachApp } from "./each-app.ts";

interface Ids {
  readonly tenant: string;
  readonly order: string;
  readonly override: string;
}

interface Route {
  readonly method: string;
  readonly path: (ids: Ids) => string;
  readonly body?: (ids: Ids) => object;
}

const userId = randomUUID();
const product = "ai-chat";
const override = { target_type: "feature", target: "chat", effect: "deny" };

/** Every route that names a tenant, or what belongs to one. */
const routes: Readonly<Record<string, Route>> = {
  "GET tenant": { method: "GET", path: ({ tenant }) => `/v1/tenants/${tenant}` },
  "PATCH tenant": {
    method: "PATCH",
    path: ({ tenant }) => `/v1/tenants/${tenant}`,
    body: () => ({ name: "x" }),
  },
  "DELETE tenant": { method: "DELETE", path: ({ tenant }) => `/v1/tenants/${tenant}` },
  "POST activate": { method: "POST", path: ({ tenant }) => `/v1/tenants/${tenant}/activate` },
  "POST cancel": { method: "POST", path: ({ tenant }) => `/v1/tenants/${tenant}/cancel` },
  "GET members": { method: "GET", path: ({ tenant }) => `/v1/tenants/${tenant}/members` },
  "PUT member": {
    method: "PUT",
    path: ({ tenant }) => `/v1/tenants/${tenant}/members/${userId}`,
    body: () => ({ role: "owner" }),
  },
  "DELETE member": { method: "DELETE", path: ({ tenant }) => `/v1/tenants/${tenant}/members/${userId}` },
  "GET entitlements": { method: "GET", path: ({ tenant }) => `/v1/entitlements?tenant_id=${tenant}` },
  "GET catalog": { method: "GET", path: ({ tenant }) => `/v1/catalog?tenant_id=${tenant}` },
  "POST trial": {
    method: "POST",
    path: () => "/v1/catalog/trial-request",
    body: ({ tenant }) => ({ tenant_id: tenant, product }),
  },
  "POST request": {
    method: "POST",
    path: () => "/v1/catalog/request",
    body: ({ tenant }) => ({ tenant_id: tenant, product, note: "x" }),
  },
  "GET orders": { method: "GET", path: ({ tenant }) => `/v1/orders?tenant_id=${tenant}` },
  "POST approve": { method: "POST", path: ({ order }) => `/v1/orders/${order}/approve` },
  "POST reject": { method: "POST", path: ({ order }) => `/v1/orders/${order}/reject` },
  "GET overrides": { method: "GET", path: ({ tenant }) => `/v1/overrides?tenant_id=${tenant}` },
  "PUT override": {
    method: "PUT",
    path: () => "/v1/overrides",
    body: ({ tenant }) => ({ tenant_id: tenant, ...override }),
  },
  "DELETE override": { method: "DELETE", path: ({ override: id }) => `/v1/overrides/${id}` },
};

const randomIds = (): Ids => ({ tenant: randomUUID(), order: randomUUID(), override: randomUUID() });
const malformed: Ids = { tenant: "1", order: "1", override: "1" };

eachApp("every route that names a tenant or what is its own", (app) => {
  const send = (route: Route, ids: Ids, options: Parameters<ReturnType<typeof app>["call"]>[2] = {}) =>
    app().call(route.method, route.path(ids), {
      as: newUser(),
      ...(route.body === undefined ? {} : { body: route.body(ids) }),
      ...options,
    });

  const givenForeign = async (): Promise<Ids> => {
    const ids = { order: randomUUID(), override: randomUUID() };
    const tenant = await givenTenant(app().harness.store, { members: { [userId]: "admin" } });
    await changeAs(app().harness.store, tenant.id, async (tx) => {
      const order = { kind: "request", status: "requested", requestedBy: userId, note: null } as const;
      await tx.write.orders.insert({ id: ids.order, tenantId: tenant.id, product, ...order });
      const term = { effect: "deny", expiresAt: null, reason: null } as const;
      const target = { targetType: "feature", target: "chat" } as const;
      await tx.write.overrides.put({ id: ids.override, tenantId: tenant.id, ...target, ...term });
    });
    return { tenant: tenant.id, ...ids };
  };

  test.each(Object.entries(routes))(
    "404, %s: what is foreign is byte for byte what does not exist",
    async (_title, route) => {
      const as = newUser();
      const foreign = await givenForeign();
      const headers = { "x-request-id": "the-same" };
      const before = await app().harness.dump();
      const masked = await send(route, foreign, { as, headers });
      const random = await send(route, randomIds(), { as, headers });
      expect(masked).toMatchObject({ status: 404, body: { code: "not_found" } });
      expect(masked.text).toBe(random.text);
      expect([...masked.headers]).toEqual([...random.headers]);
      expect(await app().harness.dump()).toEqual(before);
    },
  );

  test("404: a foreign parent is byte for byte one that does not exist", async () => {
    const as = newUser();
    const { id } = await givenTenant(app().harness.store, { members: { [as.userId]: "owner" } });
    const headers = { "x-request-id": "the-same" };
    const [masked, random] = await Promise.all(
      [(await givenForeign()).tenant, randomUUID()].map((parent_tenant_id) =>
        app().call("PATCH", `/v1/tenants/${id}`, { as, headers, body: { parent_tenant_id } }),
      ),
    );
    expect(masked).toMatchObject({ status: 404 });
    expect(masked?.text).toBe(random?.text);
  });

  test.each(Object.entries(routes))("401 before 400, %s", async (_title, route) => {
    const { method, path, body } = route;
    const options = body === undefined ? {} : { body: body(malformed) };
    expect(await app().call(method, path(malformed), options)).toMatchObject({ status: 401 });
    expect(await send(route, malformed)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
  });

  test.each(Object.entries(routes))(
    "400: %s with a query parameter that it does not take",
    async (_title, route) => {
      const path = route.path(randomIds());
      const query = `${path.includes("?") ? "&" : "?"}colour=red`;
      const answer = await send({ ...route, path: () => path + query }, randomIds());
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: "?colour" }] } });
    },
  );

  test.each(Object.entries(routes).filter(([, { method }]) => method !== "GET"))(
    "%s: 413 for more than 64 KiB, 415 for anything but JSON, 400 for an unknown field",
    async (_title, route) => {
      const large = { ...route.body?.(randomIds()), text: "x".repeat(70_000) };
      expect(await send(route, randomIds(), { body: large })).toMatchObject({ status: 413 });
      const headers = { "content-type": "text/plain" };
      expect(await send(route, randomIds(), { body: "{}", headers })).toMatchObject({ status: 415 });
      const unknown = { ...route.body?.(randomIds()), "no/such": 1 };
      expect(await send(route, randomIds(), { body: unknown })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "/no~1such", detail: "unknown field" }] },
      });
    },
  );
});
