import { callOf, newUser, startTestAuth, type Call, type TestAuth } from "@leftrail/auth/testing";
import { createApp as createControlPlane } from "@leftrail/control-plane/app";
import { createApp as createHotPath } from "@leftrail/hot-path/app";
import { eachStore } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { depsFor } from "./deps-for.ts";

const byDefault = ["activity", "dashboard", "team_settings"];
const chat = ["chat", "chat_export", "chat_history"];
const radar = ["change_alerts", "change_feed", "vendor_watch"];

eachStore("the left rail after writes of the control plane", (harness) => {
  const [owner, member] = [newUser(), newUser()];
  const ops = { ...newUser(), roles: ["platform-admin"] };
  let auth: TestAuth;
  let write: Call;
  let read: Call;
  beforeAll(async () => {
    auth = await startTestAuth();
    const deps = depsFor(harness(), auth);
    write = callOf(createControlPlane(deps), auth);
    const ask = callOf(createHotPath(deps), auth);
    // What the relay does by itself within milliseconds.
    read = async (...call) => {
      await deps.relay.pass();
      return ask(...call);
    };
  });
  afterAll(() => auth[Symbol.asyncDispose]());

  const givenTenant = async (): Promise<string> => {
    const body = { slug: `s-${randomUUID()}`, name: "Acme" };
    const { id } = (await write("POST", "/v1/tenants", { as: owner, body })).body;
    await write("POST", `/v1/tenants/${id}/activate`, { as: ops });
    await write("PUT", `/v1/tenants/${id}/members/${member.userId}`, { as: owner, body: { role: "member" } });
    return id;
  };
  const features = async (id: string): Promise<readonly string[]> =>
    (await read("GET", `/v1/organizations/${id}/features`, { as: member })).body.features;
  const products = async (id: string) =>
    (await read("GET", `/v1/organizations/${id}/products`, { as: member })).body.products;

  test("from the catalog to an order, its approval, the entitlement and the features of every member", async () => {
    const id = await givenTenant();
    const catalog = (await write("GET", `/v1/catalog?tenant_id=${id}`, { as: member })).body.data;
    expect(catalog[1]).toMatchObject({ product: "change-radar", features: radar, availability: "available" });

    const body = { tenant_id: id, product: catalog[1].product };
    const order = (await write("POST", "/v1/catalog/request", { as: owner, body })).body;
    expect(await features(id)).toEqual(byDefault);
    await write("POST", `/v1/orders/${order.id}/approve`, { as: ops });

    expect(await features(id)).toEqual([...byDefault, ...radar].toSorted());
    expect(await products(id)).toMatchObject([
      {
        product: "change-radar",
        status: "active",
        endsAt: null,
        order: { id: order.id, status: "fulfilled" },
      },
    ]);
    const after = (await write("GET", `/v1/catalog?tenant_id=${id}`, { as: member })).body.data;
    expect(after[1]).toMatchObject({ availability: "entitled" });
  });

  test("a trial that is bought gives its features without a pause, and stands ended beside the purchase", async () => {
    const id = await givenTenant();
    const body = { tenant_id: id, product: "ai-chat" };
    await write("POST", "/v1/catalog/trial-request", { as: owner, body });
    expect(await features(id)).toEqual([...byDefault, ...chat].toSorted());
    const order = (await write("POST", "/v1/catalog/request", { as: owner, body })).body;
    await write("POST", `/v1/orders/${order.id}/approve`, { as: ops });
    expect(await features(id)).toEqual([...byDefault, ...chat].toSorted());
    const rows: readonly { status: string; order: { kind: string } }[] = await products(id);
    expect(rows.map(({ status, order: { kind } }) => `${kind} ${status}`).toSorted()).toEqual([
      "request active",
      "trial expired",
    ]);
  });

  test("overrides count as soon as they are set, and no longer once they are removed or have expired", async () => {
    const id = await givenTenant();
    const put = (rest: object) =>
      write("PUT", "/v1/overrides", { as: ops, body: { tenant_id: id, ...rest } });
    const product = { target_type: "product", target: "ai-chat" };
    const { body: granted } = await put({ ...product, effect: "grant" });
    await put({ target_type: "feature", target: "chat_export", effect: "deny" });
    expect(await features(id)).toEqual([...byDefault, "chat", "chat_history"].toSorted());
    await put({ ...product, effect: "grant", expires_at: "2020-01-01T00:00:00Z" });
    expect(await features(id)).toEqual(byDefault);
    await put({ ...product, effect: "grant" });
    await write("DELETE", `/v1/overrides/${granted.id}`, { as: ops });
    expect(await features(id)).toEqual(byDefault);
  });

  test("who is removed loses the organization, and a moved tenant shows to the admins above it", async () => {
    const [id, parent] = [await givenTenant(), await givenTenant()];
    const above = newUser();
    await write("PUT", `/v1/tenants/${parent}/members/${above.userId}`, {
      as: owner,
      body: { role: "admin" },
    });
    expect((await read("GET", `/v1/organizations/${id}/features`, { as: above })).status).toBe(403);
    await write("PATCH", `/v1/tenants/${id}`, { as: ops, body: { parent_tenant_id: parent } });
    expect((await read("GET", `/v1/organizations/${id}/features`, { as: above })).status).toBe(200);
    await write("DELETE", `/v1/tenants/${id}/members/${member.userId}`, { as: owner });
    expect((await read("GET", `/v1/organizations/${id}/features`, { as: member })).status).toBe(403);
  });
});
