import { newUser, type TestUser } from "@leftrail/auth/testing";
import { changeAs, eachStore, givenTenant } from "@leftrail/store/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { override } from "./arrange.ts";
import { startHotPath, startUncachedHotPath, type HotPath } from "./call-hot-path.ts";

const onlyFor = { "cache-control": "private, no-cache", vary: "Authorization" };

eachStore("a read of the left rail", (harness) => {
  let hotPath: HotPath;
  beforeAll(async () => {
    hotPath = await startHotPath(harness());
  });
  afterAll(() => hotPath[Symbol.asyncDispose]());
  const call = async (method: string, path: string, as?: TestUser, condition?: string) => {
    const answer = await hotPath.call(method, path, {
      ...(as === undefined ? {} : { as }),
      headers: condition === undefined ? {} : { "if-none-match": condition },
    });
    return { ...answer, headers: Object.fromEntries(answer.headers) };
  };
  const givenMember = async (): Promise<{ as: TestUser; id: string }> => {
    const as = newUser();
    const { id } = await givenTenant(harness().store, { members: { [as.userId]: "member" } });
    await hotPath.heard();
    return { as, id };
  };

  describe.each(["", "/:org_id/features", "/:org_id/products"])("/v1/organizations%s", (pattern) => {
    const pathOf = (id: string): string => `/v1/organizations${pattern.replace(":org_id", id)}`;

    test("200: from the database, then from this process, with the same bytes and the same strong ETag", async () => {
      const { as, id } = await givenMember();
      const missed = await call("GET", pathOf(id), as);
      expect(missed.headers).toMatchObject({
        ...onlyFor,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(missed.text)),
        "cache-status": "leftrail; fwd=miss",
        etag: expect.stringMatching(/^"[\w-]{22}"$/),
      });
      const hit = await call("GET", pathOf(id), as);
      expect(hit.text).toBe(missed.text);
      expect(hit.headers).toEqual({
        ...missed.headers,
        "x-request-id": hit.headers["x-request-id"],
        "cache-status": "leftrail; hit; detail=l1",
      });
    });

    test("304 without a body for who holds it, whatever stands around its ETag", async () => {
      const { as, id } = await givenMember();
      const { headers } = await call("GET", pathOf(id), as);
      const { etag = "" } = headers;
      for (const condition of [etag, `W/${etag}`, `"other", W/${etag}`, `nonsense,${etag}`, "*"]) {
        const answer = await call("GET", pathOf(id), as, condition);
        expect(answer).toMatchObject({ status: 304, text: "" });
        expect(answer.headers).toEqual({
          ...onlyFor,
          etag,
          "cache-status": "leftrail; hit; detail=l1",
          "x-request-id": answer.headers["x-request-id"],
          "x-content-type-options": "nosniff",
        });
      }
      expect(await call("GET", pathOf(id), as, '"other", nonsense')).toMatchObject({ status: 200 });
    });

    test("304 also when the answer has to be fetched first", async () => {
      const { as, id } = await givenMember();
      const answer = await call("GET", pathOf(id), as, "*");
      expect(answer).toMatchObject({ status: 304, headers: { "cache-status": "leftrail; fwd=miss" } });
    });

    test("401 for who does not say who they are, whatever they hold", async () => {
      const { id } = await givenMember();
      expect(await call("GET", pathOf(id), undefined, "*")).toMatchObject({ status: 401 });
    });

    test("HEAD answers as GET does, length included, without the body", async () => {
      const { as, id } = await givenMember();
      await call("GET", pathOf(id), as);
      const get = await call("GET", pathOf(id), as);
      const head = await call("HEAD", pathOf(id), as);
      expect(head).toMatchObject({ status: 200, text: "" });
      expect({ ...head.headers, "x-request-id": "" }).toEqual({ ...get.headers, "x-request-id": "" });
      expect(await call("HEAD", pathOf(id), as, get.headers["etag"])).toMatchObject({ status: 304 });
    });
  });

  test.each(["features", "products"])(
    "403 for who lost the membership, whatever they hold: %s",
    async (what) => {
      const { as, id } = await givenMember();
      const { headers } = await call("GET", `/v1/organizations/${id}/${what}`, as);
      await changeAs(harness().store, id, (tx) => tx.write.memberships.remove(id, as.userId));
      await hotPath.heard();
      const answer = await call("GET", `/v1/organizations/${id}/${what}`, as, headers["etag"]);
      expect(answer).toMatchObject({ status: 403, headers: { "cache-control": "no-store" } });
      expect(answer.headers).not.toHaveProperty("etag");
      // The second time from what this process knows.
      expect(await call("GET", `/v1/organizations/${id}/${what}`, as, "*")).toMatchObject({ status: 403 });
    },
  );

  test("other features have another ETag, and what was held is no longer enough", async () => {
    const { as, id } = await givenMember();
    const path = `/v1/organizations/${id}/features`;
    const { headers } = await call("GET", path, as);
    await override(harness(), id, "feature", "dashboard", "deny");
    await hotPath.heard();
    const answer = await call("GET", path, as, headers["etag"]);
    expect(answer).toMatchObject({ status: 200, body: { features: ["activity", "team_settings"] } });
    expect(answer.headers["etag"]).not.toBe(headers["etag"]);
  });

  test("a cached answer for an internal caller is not served to the same user as an outsider", async () => {
    const { as, id } = await givenMember();
    const inside = { ...as, email: "dev@leftrail.dev" };
    const path = `/v1/organizations/${id}/features`;
    for (const _again of [1, 2]) {
      expect((await call("GET", path, inside)).body.features).toContain("feature_lab");
      expect((await call("GET", path, as)).body.features).not.toContain("feature_lab");
    }
  });

  test("without a cache every answer is the database's, and a change shows at once", async () => {
    await using uncached = await startUncachedHotPath(harness().store);
    const as = newUser();
    const { id } = await givenTenant(harness().store, { members: { [as.userId]: "member" } });
    for (const [effect, isOn] of [["grant", true] as const, ["deny", false] as const]) {
      await override(harness(), id, "feature", "chat", effect);
      const { headers, body } = await uncached.call("GET", `/v1/organizations/${id}/features`, { as });
      expect(body.features.includes("chat")).toBe(isOn);
      expect(headers.get("cache-status")).toBe("leftrail; fwd=miss");
    }
  });

  test("the metrics tell reads by route and tier", async () => {
    const { as, id } = await givenMember();
    for (const _again of [1, 2]) await call("GET", `/v1/organizations/${id}/products`, as);
    const { text } = await call("GET", "/metrics");
    const route = 'route="/v1/organizations/:org_id/products"';
    expect(text).toMatch(new RegExp(`leftrail_reads_total\\{${route},tier="l1"\\} [1-9]`));
    expect(text).toMatch(new RegExp(`leftrail_reads_total\\{${route},tier="miss"\\} [1-9]`));
    expect(text).toMatch(/^leftrail_cache_fill_seconds_count [1-9]/m);
    expect(text).toMatch(/^leftrail_cache_local_bytes [1-9]/m);
    expect(text).toMatch(/^leftrail_changes_proof_age_seconds 0$/m);
  });
});
