import { comparable, newUser, type TestUser } from "@leftrail/auth/testing";
import { featuresBodySchema, organizationsBodySchema, productsBodySchema } from "@leftrail/contract";
import { openPostgresReadStore } from "@leftrail/store";
import { at, changeAs, eachStore, givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entitle, override } from "./arrange.ts";
import { startHotPath, startUncachedHotPath, type HotPath } from "./call-hot-path.ts";

eachStore("the left rail over HTTP", (harness) => {
  let hotPath: HotPath;
  beforeAll(async () => {
    hotPath = await startHotPath(harness());
  });
  afterAll(() => hotPath[Symbol.asyncDispose]());
  /** Asks when what was arranged has been heard, so that all this also holds of what is cached. */
  const get = async (path: string, as?: TestUser) => {
    await hotPath.heard();
    return hotPath.call("GET", path, as === undefined ? {} : { as });
  };
  const features = async (id: string, as: TestUser): Promise<string[]> =>
    featuresBodySchema.parse((await get(`/v1/organizations/${id}/features`, as)).body).features;

  describe("GET /v1/organizations", () => {
    test("200: own organizations and those below, sorted by slug, for nobody else to keep", async () => {
      const as = newUser();
      const { store } = harness();
      const tag = randomUUID();
      const top = await givenTenant(store, { slug: `m-${tag}`, members: { [as.userId]: "owner" } });
      const child = await givenTenant(store, { slug: `a-${tag}`, parent: top, status: "pending" });
      await givenTenant(store);
      const { status, headers, body } = await get("/v1/organizations", as);
      expect(status).toBe(200);
      expect(headers.get("cache-control")).toBe("private, no-cache");
      expect(headers.get("vary")).toBe("Authorization");
      expect(organizationsBodySchema.parse(body).organizations).toMatchObject([
        {
          id: child.id,
          accessType: "parent_admin",
          role: null,
          status: "pending",
          parentOrganizationId: top.id,
        },
        { id: top.id, accessType: "member", role: "owner", status: "active", parentOrganizationId: null },
      ]);
    });

    test("200: none for a user without any", async () => {
      expect((await get("/v1/organizations", newUser())).body).toEqual({ organizations: [] });
    });
  });

  describe("GET /v1/organizations/:org_id/features", () => {
    test("200: what is on by default, and what an entitlement gives", async () => {
      const as = newUser();
      const tenant = await givenTenant(harness().store, { members: { [as.userId]: "member" } });
      expect(await features(tenant.id, as)).toEqual(["activity", "dashboard", "team_settings"]);
      await entitle(harness(), tenant.id, "ai-chat");
      expect(await features(tenant.id.toUpperCase(), as)).toEqual([
        "activity",
        "chat",
        "chat_export",
        "chat_history",
        "dashboard",
        "team_settings",
      ]);
    });

    test("200: internal features only for internal callers", async () => {
      const { userId } = newUser();
      const tenant = await givenTenant(harness().store, { members: { [userId]: "member" } });
      expect(await features(tenant.id, { userId, email: "Dev@LeftRail.dev" })).toContain("raw_events");
      for (const email of ["dev@leftrail.dev.example.com", "dev@leftrail.dev@example.com", "leftrail.dev"]) {
        expect(await features(tenant.id, { userId, email })).not.toContain("raw_events");
      }
      const claims = { email_verified: false };
      expect(await features(tenant.id, { userId, email: "dev@leftrail.dev", claims })).not.toContain(
        "raw_events",
      );
    });

    test("200: an override goes before everything, also before a list of internal features", async () => {
      const as = newUser();
      const tenant = await givenTenant(harness().store, { members: { [as.userId]: "member" } });
      await override(harness(), tenant.id, "feature", "feature_lab", "grant");
      await override(harness(), tenant.id, "feature", "dashboard", "deny");
      await override(harness(), tenant.id, "product", "change-radar", "grant");
      expect(await features(tenant.id, as)).toEqual([
        "activity",
        "change_alerts",
        "change_feed",
        "feature_lab",
        "team_settings",
        "vendor_watch",
      ]);
    });

    test.each(["pending", "cancelled"] as const)("200: none in a %s organization", async (status) => {
      const as = newUser();
      const tenant = await givenTenant(harness().store, { status, members: { [as.userId]: "member" } });
      expect(await features(tenant.id, as)).toEqual([]);
    });

    test("200: metadata that can't be read gives nothing, and is counted", async () => {
      const as = newUser();
      const { store, arrange } = harness();
      const tenant = await givenTenant(store, { members: { [as.userId]: "member" } });
      const id = `prod_${randomUUID()}`;
      await arrange.stripeProduct({ id, name: "Broken", active: true, metadata: { features: '["a",' } });
      await arrange.linkStripeProduct("ai-chat", id);
      await entitle(harness(), tenant.id, "ai-chat");
      expect(await features(tenant.id, as)).toContain("chat");
      expect((await get("/metrics")).text).toMatch(/leftrail_malformed_stripe_metadata_total 1\b/);
      await arrange.stripeProduct({ id, name: "Mended", active: true, metadata: { features: '["extra"]' } });
      expect(await features(tenant.id, as)).toContain("extra");
      await arrange.linkStripeProduct("ai-chat", null);
    });
  });

  describe("GET /v1/organizations/:org_id/products", () => {
    test("200: every entitlement with its status as of now, order and Stripe product present or null", async () => {
      const as = newUser();
      const { store, arrange } = harness();
      const tenant = await givenTenant(store, { members: { [as.userId]: "member" } });
      const entitlement = await entitle(harness(), tenant.id, "ai-chat");
      await arrange.entitlement({
        ...entitlement,
        id: randomUUID(),
        product: "change-radar",
        startsAt: at("2020-01-01T00:00:00"),
        endsAt: at("2021-01-01T00:00:00"),
      });
      const { status, body } = await get(`/v1/organizations/${tenant.id}/products`, as);
      expect(status).toBe(200);
      expect(productsBodySchema.parse(body).products).toMatchObject([
        { organizationId: tenant.id, product: "ai-chat", name: "AI Chat", status: "active", endsAt: null },
        {
          product: "change-radar",
          status: "expired",
          startsAt: "2020-01-01T00:00:00.000Z",
          endsAt: "2021-01-01T00:00:00.000Z",
          order: null,
          stripeProduct: null,
        },
      ]);
    });

    test("200: overrides never change it", async () => {
      const as = newUser();
      const tenant = await givenTenant(harness().store, { members: { [as.userId]: "member" } });
      await override(harness(), tenant.id, "product", "ai-chat", "grant");
      expect((await get(`/v1/organizations/${tenant.id}/products`, as)).body).toEqual({ products: [] });
    });
  });

  describe.each(["features", "products"])("GET /v1/organizations/:org_id/%s", (what) => {
    test("403: an unknown organization and a foreign one are the same", async () => {
      const as = newUser();
      const foreign = await givenTenant(harness().store);
      const masked = await get(`/v1/organizations/${foreign.id}/${what}`, as);
      expect(masked).toMatchObject({ status: 403, body: { code: "forbidden" } });
      expect(comparable(masked)).toEqual(
        comparable(await get(`/v1/organizations/${randomUUID()}/${what}`, as)),
      );
    });

    test("403 for a platform admin without a role, and after the membership is gone", async () => {
      const as = newUser();
      const { store } = harness();
      const tenant = await givenTenant(store, { members: { [as.userId]: "member" } });
      expect(
        await get(`/v1/organizations/${tenant.id}/${what}`, { ...newUser(), roles: ["platform-admin"] }),
      ).toMatchObject({ status: 403 });
      expect(await get(`/v1/organizations/${tenant.id}/${what}`, as)).toMatchObject({ status: 200 });
      await changeAs(store, tenant.id, (tx) => tx.write.memberships.remove(tenant.id, as.userId));
      expect(await get(`/v1/organizations/${tenant.id}/${what}`, as)).toMatchObject({ status: 403 });
    });

    test.each(["1", "%00", "%E0%A4%A", "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5g"])("400: %s", async (id) => {
      expect(await get(`/v1/organizations/${id}/${what}`, newUser())).toMatchObject({
        status: 400,
        body: { code: "invalid_input", errors: [{ pointer: "/org_id" }] },
      });
    });
  });

  test("400: any query parameter; 401: no token, before anything else; 405: any other method", async () => {
    const as = newUser();
    expect(await get("/v1/organizations?limit=1", as)).toMatchObject({ status: 400 });
    expect(await get("/v1/organizations/1/features?x=1")).toMatchObject({ status: 401 });
    const answer = await hotPath.call("POST", "/v1/organizations", { as });
    expect(answer).toMatchObject({ status: 405 });
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });

  test("HEAD answers as GET does, without the body", async () => {
    const answer = await hotPath.call("HEAD", "/v1/organizations", { as: newUser() });
    expect(answer).toMatchObject({ status: 200, text: "" });
  });
});

test("503 with Retry-After while the database is gone, and not ready", async () => {
  await using store = openPostgresReadStore({
    url: "postgres://nobody:x@127.0.0.1:1/none",
    applicationName: "test",
  });
  await using hotPath = await startUncachedHotPath(store);
  const paths = ["", `/${randomUUID()}/features`, `/${randomUUID()}/products`];
  for (const path of paths) {
    const answer = await hotPath.call("GET", `/v1/organizations${path}`, { as: newUser() });
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(answer.headers.get("retry-after")).toBe("1");
  }
  expect(await hotPath.call("GET", "/readyz")).toMatchObject({ status: 503 });
  expect(await hotPath.call("GET", "/healthz")).toMatchObject({ status: 200 });
});
