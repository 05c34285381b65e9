import { comparable, newUser, type TestUser } from "@leftrail/auth/testing";
import { explainedFeaturesBodySchema } from "@leftrail/contract";
import { eachStore, givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { entitle, override } from "./arrange.ts";
import { startHotPath, type HotPath } from "./call-hot-path.ts";

const platformAdmin = (): TestUser => ({ ...newUser(), roles: ["platform-admin"] });

eachStore("GET /v1/organizations/:org_id/features?explain=1", (harness) => {
  let hotPath: HotPath;
  beforeAll(async () => {
    hotPath = await startHotPath(harness());
  });
  afterAll(() => hotPath[Symbol.asyncDispose]());
  const explain = (id: string, as: TestUser, query = "?explain=1") =>
    hotPath.call("GET", `/v1/organizations/${id}/features${query}`, { as });

  test("200: the rule and the row behind every feature that any rule spoke about", async () => {
    const as = newUser();
    const tenant = await givenTenant(harness().store, { members: { [as.userId]: "admin" } });
    const bought = await entitle(harness(), tenant.id, "ai-chat");
    const denied = await override(harness(), tenant.id, "feature", "chat", "deny");
    const { status, body } = await explain(tenant.id.toUpperCase(), as);
    expect(status).toBe(200);
    expect(explainedFeaturesBodySchema.parse(body)).toEqual({
      features: ["activity", "chat_export", "chat_history", "dashboard", "team_settings"],
      explain: {
        activity: { enabled: true, rule: "default", source: null },
        chat: { enabled: false, rule: "override", source: { type: "override", id: denied.id } },
        chat_export: { enabled: true, rule: "entitlement", source: { type: "entitlement", id: bought.id } },
        chat_history: { enabled: true, rule: "entitlement", source: { type: "entitlement", id: bought.id } },
        dashboard: { enabled: true, rule: "default", source: null },
        feature_lab: { enabled: false, rule: "internal", source: null },
        raw_events: { enabled: false, rule: "internal", source: null },
        team_settings: { enabled: true, rule: "default", source: null },
      },
    });
  });

  test("200 for an owner or admin of an ancestor, and for a platform admin anywhere", async () => {
    const as = newUser();
    const parent = await givenTenant(harness().store, { members: { [as.userId]: "owner" } });
    const tenant = await givenTenant(harness().store, { parent });
    expect(await explain(tenant.id, as)).toMatchObject({ status: 200 });
    expect(await explain(tenant.id, platformAdmin())).toMatchObject({ status: 200 });
  });

  test("200: nothing to explain in an organization that is not active", async () => {
    const tenant = await givenTenant(harness().store, { status: "pending" });
    expect((await explain(tenant.id, platformAdmin())).body).toEqual({ features: [], explain: {} });
  });

  test("never from the cache and never into it; 304 for who holds the answer", async () => {
    const as = newUser();
    const tenant = await givenTenant(harness().store, { members: { [as.userId]: "owner" } });
    await hotPath.heard();
    const plain = await explain(tenant.id, as, "");
    expect(plain.headers.get("cache-status")).toBe("leftrail; fwd=miss");
    // Not heard yet: what is explained is what the database says now.
    await override(harness(), tenant.id, "feature", "dashboard", "deny");
    const { headers, body } = await explain(tenant.id, as);
    expect(body.features).not.toContain("dashboard");
    expect(headers.get("cache-status")).toBe("leftrail; fwd=bypass");
    expect(headers.get("cache-control")).toBe("private, no-cache");
    const again = await explain(tenant.id, as, "");
    expect(again.text).toBe(plain.text);
    expect(again.headers.get("cache-status")).toBe("leftrail; hit; detail=l1");
    const held = await hotPath.call("GET", `/v1/organizations/${tenant.id}/features?explain=1`, {
      as,
      headers: { "if-none-match": headers.get("etag") ?? "" },
    });
    expect(held).toMatchObject({ status: 304, text: "" });
  });

  test("403 for a member who is no admin", async () => {
    const as = newUser();
    const tenant = await givenTenant(harness().store, { members: { [as.userId]: "member" } });
    expect(await explain(tenant.id, as)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });

  test("403 for an unknown organization and a foreign one, the same as without explain", async () => {
    const as = newUser();
    const foreign = await givenTenant(harness().store);
    const masked = comparable(await explain(foreign.id, as));
    expect(masked).toMatchObject({ status: 403 });
    expect(masked).toEqual(comparable(await explain(randomUUID(), as)));
    expect(masked).toEqual(comparable(await explain(foreign.id, as, "")));
    expect(masked).toEqual(comparable(await explain(randomUUID(), platformAdmin())));
  });

  describe("400", () => {
    test.each(["?explain=0", "?explain=true", "?explain=", "?explain", "?explain=1&explain=1"])(
      "%s",
      async (query) => {
        expect(await explain(randomUUID(), newUser(), query)).toMatchObject({
          status: 400,
          body: { code: "invalid_input", errors: [{ pointer: "?explain" }] },
        });
      },
    );

    test("explain of any other read", async () => {
      for (const path of ["/v1/organizations", `/v1/organizations/${randomUUID()}/products`]) {
        expect(await hotPath.call("GET", `${path}?explain=1`, { as: newUser() })).toMatchObject({
          status: 400,
          body: { errors: [{ pointer: "?explain" }] },
        });
      }
    });
  });
});
