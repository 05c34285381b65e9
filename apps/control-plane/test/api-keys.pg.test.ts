import { comparable, newUser } from "@leftrail/auth/testing";
import { apiKeyBodySchema, newApiKeyBodySchema } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { argon2Sync, randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { argon2id } from "../src/api-keys/key-hash.ts";
import { quickArgon2 } from "../src/api-keys/testing/hashing.ts";
import { callApp, platformAdmin } from "./call-app.ts";
import { apiKeyCalls } from "./api-key-calls.ts";
import { eachApp } from "./each-app.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

const invalid = { status: 400, body: { code: "invalid_input" } };

eachApp(
  "API keys over HTTP",
  (app) => {
    const { givenTeam, post, created, list, revoke, cancel, verdict } = apiKeyCalls(app);
    const rowOf = async (id: string) => {
      const { apiKeys = [] } = (await app().harness.dump()).rows;
      return apiKeys.find((row) => JSON.stringify(row).includes(id)) as Record<string, unknown> | undefined;
    };

    describe("POST /v1/api-keys", () => {
      test("201 with a key of the documented form, all that was asked for, and one audit entry", async () => {
        const { tenant, admin } = await givenTeam();
        const made = await created(tenant.id.toUpperCase(), admin, {
          name: "Deploys ☃",
          scopes: ["read:changes", "write"],
          expires_at: "2100-01-01T01:00:00.123456+01:00",
        });
        expect(made.key).toMatch(/^bp_[A-Za-z0-9_-]{21}[AQgw]$/);
        expect(made).toMatchObject({
          tenant_id: tenant.id,
          name: "Deploys ☃",
          prefix: made.key.slice(0, 11),
          scopes: ["read:changes", "write"],
          created_by: admin.userId,
          expires_at: "2100-01-01T00:00:00.123Z",
          last_used_at: null,
          revoked_at: null,
        });
        const { name, prefix, scopes, expires_at } = made;
        expect((await trailOf(app().harness, tenant.id)).at(-1)).toMatchObject({
          action: "api_key.created",
          targetType: "api_key",
          targetId: made.id,
          metadata: { name, prefix, scopes, expires_at },
        });
      });

      test("201 without scopes and expiry, and with one that has passed", async () => {
        const { tenant, admin } = await givenTeam();
        expect(await created(tenant.id, admin)).toMatchObject({ scopes: [], expires_at: null });
        expect(await created(tenant.id, admin, { scopes: [], expires_at: null })).toMatchObject({
          scopes: [],
        });
        const past = await created(tenant.id, admin, { expires_at: "2020-01-01T00:00:00Z" });
        expect(await verdict(past.key)).toBe("expired");
      });

      test("only a hash is stored, argon2id of the whole key, and no key is in the trail or the log", async () => {
        const { tenant, admin } = await givenTeam();
        const { key, id } = await created(tenant.id, admin);
        const stored = await rowOf(id);
        const [tag, salt = "", hash = ""] = String(stored?.["keyHash"]).split("|");
        expect(tag).toBe("argon2id");
        expect([salt, hash].map((text) => text.length)).toEqual([22, 43]);
        const everything = JSON.stringify(await app().harness.dump()) + app().logged.join("");
        expect(everything).not.toContain(key.slice(11));
        expect(JSON.stringify(await trailOf(app().harness, tenant.id))).not.toContain("argon2id");
      });

      test("a prefix that is taken is not given out again", async () => {
        const { tenant, admin } = await givenTeam();
        const first = Buffer.alloc(16, 1);
        const upcoming = [first, Buffer.alloc(16), first, Buffer.alloc(16, 2), Buffer.alloc(16)];
        await using other = await callApp(app().harness, {
          argon2: quickArgon2,
          random: (bytes) => upcoming.shift() ?? randomBytes(bytes),
        });
        const body = { tenant_id: tenant.id, name: "x" };
        const keys = [
          await other.call("POST", "/v1/api-keys", { as: admin, body }),
          await other.call("POST", "/v1/api-keys", { as: admin, body }),
        ].map((answer) => newApiKeyBodySchema.parse(answer.body).key);
        expect(keys).toEqual(
          [first, Buffer.alloc(16, 2)].map((bytes) => `bp_${bytes.toString("base64url")}`),
        );
      });

      test("20 at once are 20 different keys", async () => {
        const { tenant, admin } = await givenTeam();
        const keys = await Promise.all(Array.from({ length: 20 }, () => created(tenant.id, admin)));
        expect(new Set(keys.map(({ key }) => key)).size).toBe(20);
        expect(new Set(keys.map(({ prefix }) => prefix)).size).toBe(20);
      });

      test("201 for an admin of the parent and a platform admin; 403 for a member; 404 for all others", async () => {
        const { tenant: parent, admin: parentAdmin } = await givenTeam();
        const member = newUser();
        const tenant = await givenTenant(app().harness.store, {
          parent,
          members: { [member.userId]: "member" },
        });
        await created(tenant.id, parentAdmin);
        await created(tenant.id, platformAdmin);
        expect(await post({ tenant_id: tenant.id, name: "x" }, member)).toMatchObject({ status: 403 });
        const stranger = newUser();
        const masked = await post({ tenant_id: tenant.id, name: "x" }, stranger);
        expect(masked.status).toBe(404);
        const random = await post({ tenant_id: randomUUID(), name: "x" }, stranger);
        expect(comparable(masked)).toEqual(comparable(random));
      });

      test.each(["pending", "cancelled"] as const)("409 for a tenant that is %s", async (status) => {
        const { tenant, admin } = await givenTeam(status);
        const refused = await expectNoChange(app().harness, () =>
          post({ tenant_id: tenant.id, name: "x" }, admin),
        );
        expect(refused).toMatchObject({ status: 409, body: { detail: "The tenant is not active." } });
      });

      test.each<[string, object]>([
        ["no name", { name: undefined }],
        ["an empty name", { name: " " }],
        ["a name of 201 characters", { name: "x".repeat(201) }],
        ["a tenant that is no id", { tenant_id: "acme" }],
        ["a scope twice", { scopes: ["a", "a"] }],
        ["an empty scope", { scopes: [""] }],
        ["51 scopes", { scopes: Array.from({ length: 51 }, (_, n) => `s${n}`) }],
        ["scopes that are a text", { scopes: "read" }],
        ["a date without an offset", { expires_at: "2100-01-01T00:00:00" }],
        ["a key of one's own choice", { key: "bp_AAECAwQFBgcICQoLDA0ODw" }],
        ["a prefix", { prefix: "bp_AAECAwQF" }],
        ["U+0000 in the name", { name: "a\0b" }],
      ])("400 for %s", async (_what, wrong) => {
        const { tenant, admin } = await givenTeam();
        expect(await post({ tenant_id: tenant.id, name: "x", ...wrong }, admin)).toMatchObject(invalid);
      });

      test("a repeat under one Idempotency-Key is the same key, not shown again; another body is 409", async () => {
        const { tenant, admin } = await givenTeam();
        const headers = { "idempotency-key": randomUUID() };
        const body = { tenant_id: tenant.id, name: "Once" };
        const first = await post(body, admin, headers);
        const replayed = await expectNoChange(app().harness, () => post(body, admin, headers));
        expect(replayed).toMatchObject({ status: 201, body: { ...first.body, key: null } });
        expect(replayed.headers.get("idempotent-replayed")).toBe("true");
        expect(await verdict(first.body.key)).toBe("valid");
        expect(await post({ ...body, name: "Twice" }, admin, headers)).toMatchObject({ status: 409 });
        await cancel(tenant.id);
        expect(await post(body, admin, headers)).toMatchObject({ status: 201, body: { key: null } });
      });
    });

    describe("GET /v1/api-keys", () => {
      test("shows all keys of the one tenant, newest first, without a key or a hash", async () => {
        const { tenant, admin } = await givenTeam();
        const other = await givenTeam();
        await created(other.tenant.id, other.admin);
        const keys = [];
        for (let n = 0; n < 5; n++) keys.push(await created(tenant.id, admin, { name: `key ${n}` }));
        await revoke(keys[1]!.id, admin);
        const found = [];
        let next = "";
        do {
          const page = await list(tenant.id, admin, `&limit=2${next}`);
          expect(page.status).toBe(200);
          expect(page.text).not.toMatch(/argon2|hash|"key"/);
          found.push(...page.body.data.map((row: unknown) => apiKeyBodySchema.parse(row)));
          next = page.body.next_cursor === null ? "" : `&cursor=${page.body.next_cursor}`;
        } while (next !== "");
        expect(found.map(({ id }) => id)).toEqual(keys.map(({ id }) => id).toReversed());
        expect(found.map(({ revoked_at }) => revoked_at !== null)).toEqual([
          false,
          false,
          false,
          true,
          false,
        ]);
      });

      test("403 for a member, and 404 for a stranger as for an id that is nobody's", async () => {
        const { tenant, member } = await givenTeam();
        expect(await list(tenant.id, member)).toMatchObject({ status: 403 });
        const stranger = newUser();
        const [masked, random] = [await list(tenant.id, stranger), await list(randomUUID(), stranger)];
        expect(masked.status).toBe(404);
        expect(comparable(masked)).toEqual(comparable(random));
      });

      test("400 without a tenant, and for a cursor of another tenant", async () => {
        const { tenant, admin } = await givenTeam();
        expect(await app().call("GET", "/v1/api-keys", { as: admin })).toMatchObject(invalid);
        await created(tenant.id, admin);
        await created(tenant.id, admin);
        const { body } = await list(tenant.id, admin, "&limit=1");
        const other = await givenTenant(app().harness.store, { members: { [admin.userId]: "owner" } });
        expect(await list(other.id, admin, `&cursor=${body.next_cursor}`)).toMatchObject(invalid);
      });

      test("last_used_at is when the key was last found valid, without an audit entry", async () => {
        const { tenant, admin } = await givenTeam();
        const { key } = await created(tenant.id, admin);
        const lastUsedAt = async () => (await list(tenant.id, admin)).body.data[0].last_used_at;
        await verdict(`${key.slice(0, 11)}AAAAAAAAAAAAAA`);
        await app().noteUses();
        expect(await lastUsedAt()).toBeNull();
        expect(await verdict(key)).toBe("valid");
        await app().noteUses();
        expect(Date.parse(await lastUsedAt())).toBeGreaterThan(0);
        expect(await actionsOf(app().harness, tenant.id)).toEqual(["api_key.created"]);
      });
    });

    test("401 without a token and with an internal one", async () => {
      const { tenant } = await givenTeam();
      for (const headers of [{}, app().internalHeaders]) {
        const answers = [
          await app().call("POST", "/v1/api-keys", { headers, body: { tenant_id: tenant.id, name: "x" } }),
          await app().call("GET", `/v1/api-keys?tenant_id=${tenant.id}`, { headers }),
          await app().call("DELETE", `/v1/api-keys/${randomUUID()}`, { headers }),
          await app().call("POST", `/v1/api-keys/${randomUUID()}/rotate`, {
            headers,
            body: { grace_seconds: 0 },
          }),
        ];
        expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
      }
    });
  },
  { argon2: quickArgon2 },
);

eachApp(
  "an API key with the real argon2",
  (app) => {
    test("its stored hash is what another implementation of argon2id makes of the whole key", async () => {
      const admin = newUser();
      const tenant = await givenTenant(app().harness.store, { members: { [admin.userId]: "owner" } });
      const { body } = await app().call("POST", "/v1/api-keys", {
        as: admin,
        body: { tenant_id: tenant.id, name: "x" },
      });
      const { apiKeys = [] } = (await app().harness.dump()).rows;
      const [, salt = "", hash] = String((apiKeys[0] as Record<string, unknown>)["keyHash"]).split("|");
      const expected = argon2Sync("argon2id", {
        message: Buffer.from(body.key),
        nonce: Buffer.from(salt, "base64"),
        parallelism: 4,
        tagLength: 32,
        memory: 64 * 1024,
        passes: 1,
      });
      expect(hash).toBe(expected.toString("base64").replaceAll("=", ""));
    });
  },
  { argon2: argon2id },
);
