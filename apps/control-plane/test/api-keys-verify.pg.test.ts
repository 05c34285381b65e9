import type { TestUser } from "@leftrail/auth/testing";
import { givenTenant } from "@leftrail/store/testing";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hashKey } from "../src/api-keys/key-hash.ts";
import { forgeryOf, newKey, quickArgon2 } from "../src/api-keys/testing/hashing.ts";
import { apiKeyCalls } from "./api-key-calls.ts";
import { callApp, platformAdmin, type CalledApp } from "./call-app.ts";
import { eachApp } from "./each-app.ts";

const path = "/v1/internal/api-keys/verify";
const notFound = { valid: false, code: "not_found" };

eachApp(
  "POST /v1/internal/api-keys/verify",
  (app) => {
    const { givenTeam, created, verdict } = apiKeyCalls(app);
    const givenKey = async (rest: object = {}) => {
      const { admin, tenant } = await givenTeam();
      return { admin, tenant, ...(await created(tenant.id, admin, rest)) };
    };
    /** A row that was not made here, and the key that its hash was made of. */
    const givenRow = async (keyHash?: string) => {
      const { store } = app().harness;
      const tenant = await givenTenant(store);
      const key = newKey();
      const id = randomUUID();
      await store.change({ type: "system", name: "test" }, async (tx) => {
        await tx.write.apiKeys.insert({
          id,
          tenantId: tenant.id,
          name: "x",
          prefix: key.prefix,
          keyHash: keyHash ?? (await hashKey(key.text, randomBytes(16), quickArgon2)),
          scopes: [],
          createdBy: randomUUID(),
          expiresAt: null,
        });
        await tx.audit({
          tenantId: tenant.id,
          product: null,
          action: "api_key.created",
          targetType: null,
          targetId: null,
          metadata: {},
        });
      });
      return { key, id };
    };
    const runs = async (of: CalledApp = app()) =>
      Number(
        /^leftrail_argon2_runs_total\{for="verification"\} (\d+)$/m.exec(
          await of.metrics.registry.metrics(),
        )?.[1] ?? 0,
      );

    test("a valid key is told with its tenant, scopes, expiry and the products in force", async () => {
      const { admin, tenant, key, id } = await givenKey({
        scopes: ["read", "write"],
        expires_at: "2100-01-01T00:00:00.5Z",
      });
      const expected = {
        valid: true,
        key_id: id,
        tenant_id: tenant.id,
        scopes: ["read", "write"],
        expires_at: "2100-01-01T00:00:00.500Z",
        products: [],
      };
      expect((await app().verify({ key })).body).toEqual(expected);
      const body = { tenant_id: tenant.id, product: "ai-chat" };
      await app().call("POST", "/v1/catalog/trial-request", { as: admin, body });
      expect((await app().verify({ key })).body).toEqual({ ...expected, products: ["ai-chat"] });
    });

    test("revoked, expired and tenant_inactive are told to a proven key only, each from the moment on", async () => {
      const cancelled = await givenKey();
      const revoked = await givenKey();
      const expired = await givenKey({ expires_at: "2020-01-01T00:00:00Z" });
      expect(await verdict(cancelled.key)).toBe("valid");
      expect(await verdict(revoked.key)).toBe("valid");
      await app().call("POST", `/v1/tenants/${cancelled.tenant.id}/cancel`, { as: platformAdmin });
      await app().call("DELETE", `/v1/api-keys/${revoked.id}`, { as: revoked.admin });
      expect(await verdict(cancelled.key)).toBe("tenant_inactive");
      expect(await verdict(revoked.key)).toBe("revoked");
      expect(await verdict(expired.key)).toBe("expired");
      for (const { key } of [cancelled, revoked, expired]) {
        expect(
          (await app().verify({ key: forgeryOf({ text: key, prefix: key.slice(0, 11) }).text })).body,
        ).toEqual(notFound);
        expect((await app().verify({ key: key.slice(0, 11) })).body).toEqual(notFound);
      }
    });

    test("a key goes with its tenant: not found", async () => {
      const { tenant, key } = await givenKey();
      await app().call("POST", `/v1/tenants/${tenant.id}/cancel`, { as: platformAdmin });
      await app().call("DELETE", `/v1/tenants/${tenant.id}`, { as: platformAdmin });
      expect((await app().verify({ key })).body).toEqual(notFound);
    });

    test("no string but the key itself is valid: not what decodes to the same bytes, nor a changed character", async () => {
      const { key } = await givenKey();
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const last = alphabet.split("").map((character) => key.slice(0, -1) + character);
      const elsewhere = [3, 10, 11, 24].map(
        (at) => key.slice(0, at) + (key[at] === "x" ? "y" : "x") + key.slice(at + 1),
      );
      const others = [
        key.toLowerCase(),
        key.toUpperCase(),
        `${key}=`,
        `${key}==`,
        ` ${key}`,
        `${key}\n`,
        key.slice(3),
      ];
      for (const text of [...last, ...elsewhere, ...others].filter((candidate) => candidate !== key)) {
        expect((await app().verify({ key: text })).body, text).toEqual(notFound);
      }
      expect(await verdict(key)).toBe("valid");
    });

    test("a key that was made elsewhere is proven by its stored hash, with one run for all verifications", async () => {
      const before = await runs();
      const { key } = await givenRow();
      const answers = await Promise.all(Array.from({ length: 20 }, () => verdict(key.text)));
      expect(new Set(answers)).toEqual(new Set(["valid"]));
      expect(await verdict(key.text)).toBe("valid");
      expect((await runs()) - before).toBe(1);
    });

    test("a new key costs its maker no second run", async () => {
      const before = await runs();
      const { key } = await givenKey();
      expect(await verdict(key)).toBe("valid");
      expect(await runs()).toBe(before);
    });

    test("20 forgeries, 20 true keys and 20 revocations at once: each answer is right", async () => {
      const keys = await Promise.all(Array.from({ length: 20 }, () => givenKey()));
      await using other = await callApp(app().harness, { argon2: quickArgon2 });
      const verdicts = await Promise.all(
        keys.map(async ({ key, id, admin }, n) => {
          const forged = other.verify({ key: forgeryOf({ text: key, prefix: key.slice(0, 11) }).text });
          const isRevoked = n % 2 === 0;
          if (isRevoked) await app().call("DELETE", `/v1/api-keys/${id}`, { as: admin });
          expect(await verdict(key, other)).toBe(isRevoked ? "revoked" : "valid");
          return (await forged).body;
        }),
      );
      expect(verdicts).toEqual(keys.map(() => notFound));
    });

    describe("a row whose hash we would not have stored is not found, logged without it, and harms nobody", () => {
      const salt = "A".repeat(22);
      test.each([
        ["an unknown tag", `argon2d|${salt}|${"A".repeat(43)}`],
        ["costs of its own", `argon2id$m=4194304,t=1000,p=255|${salt}|${"A".repeat(43)}`],
        ["a huge salt", `argon2id|${"A".repeat(100_000)}|${"A".repeat(43)}`],
        ["a huge hash", `argon2id|${salt}|${"A".repeat(100_000)}`],
        ["no hash", `argon2id|${salt}|`],
        ["nothing", ""],
        ["another text", "☃ drop table"],
      ])("%s", async (_what, keyHash) => {
        const before = await runs();
        const { key, id } = await givenRow(keyHash);
        expect((await app().verify({ key: key.text })).body).toEqual(notFound);
        expect((await app().verify({ key: key.text })).body).toEqual(notFound);
        expect(await runs()).toBe(before);
        const lines = app().logged.filter((line) => line.includes(id));
        expect(lines).toHaveLength(1);
        if (keyHash !== "") expect(lines.join("")).not.toContain(keyHash.slice(0, 30));
        expect(await verdict((await givenKey()).key)).toBe("valid");
      });
    });

    describe("200 not_found, never an error, for a body", () => {
      test.each<[string, unknown, Record<string, string>?]>([
        ["that is empty", ""],
        ["that is no JSON", "{key:"],
        ["that is null", "null"],
        ["that is a list", []],
        ["that is a text", '"bp_AAECAwQFBgcICQoLDA0ODw"'],
        ["that is a number", "1e999"],
        ["without a key", {}],
        ["with a key that is null", { key: null }],
        ["with a key that is a number", { key: 1 }],
        ["with a list of keys", { key: ["bp_AAECAwQFBgcICQoLDA0ODw"] }],
        ["with U+0000 in the key", { key: "bp_AAECAwQFBgcICQoLDA0O\0w" }],
        ["with a lone surrogate", '{"key":"bp_\\ud800"}'],
        ["nested a thousand levels", "[".repeat(1000)],
        ["nested ten thousand levels in its key", `{"key":${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
        ["with a very long key", { key: "b".repeat(60_000) }],
        ["with the fields of a prototype", '{"__proto__":{"key":"bp_AAECAwQFBgcICQoLDA0ODw"}}'],
        [
          "in another media type",
          "key=bp_AAECAwQFBgcICQoLDA0ODw",
          { "content-type": "application/x-www-form-urlencoded" },
        ],
        ["in another character set", "{}", { "content-type": "application/json; charset=utf-16" }],
        ["that says it is compressed", "{}", { "content-encoding": "gzip" }],
      ])("%s", async (_what, body, headers = {}) => {
        const answer = await app().call("POST", path, {
          body,
          headers: { ...app().internalHeaders, ...headers },
        });
        expect(answer).toMatchObject({ status: 200, body: notFound });
      });

      test("that holds a valid key in another shape or under another media type", async () => {
        const { key } = await givenKey();
        const { call, internalHeaders } = app();
        const asText = { ...internalHeaders, "content-type": "text/plain" };
        expect((await call("POST", path, { headers: asText, body: JSON.stringify({ key }) })).body).toEqual(
          notFound,
        );
        for (const body of [{ key, tenant_id: "x" }, { Key: key }, [{ key }], key, { key: { key } }]) {
          expect((await call("POST", path, { headers: internalHeaders, body })).body).toEqual(notFound);
        }
      });

      test("that is not there", async () => {
        const { call, internalHeaders } = app();
        expect(await call("POST", path, { headers: internalHeaders })).toMatchObject({
          status: 200,
          body: notFound,
        });
      });
    });

    test("an unknown query parameter changes nothing: always 200", async () => {
      const { key } = await givenKey();
      const { call, internalHeaders } = app();
      const answer = await call("POST", `${path}?key=x&key=y`, { headers: internalHeaders, body: { key } });
      expect(answer).toMatchObject({ status: 200, body: { valid: true } });
    });

    test("413 for a body over 64 KiB", async () => {
      expect(await app().verify({ key: "b".repeat(65_536) })).toMatchObject({
        status: 413,
        body: { code: "payload_too_large" },
      });
    });

    test("401 for everybody without an internal token, before the body is looked at", async () => {
      const { key, admin } = await givenKey();
      const callers: readonly [TestUser | undefined, Record<string, string>][] = [
        [undefined, {}],
        [admin, {}],
        [platformAdmin, {}],
        [undefined, { authorization: "Bearer wrong" }],
        [undefined, { authorization: `Bearer ${key}` }],
      ];
      for (const [as, headers] of callers) {
        for (const body of [{ key }, "{", { key: "b".repeat(70_000) }]) {
          const answer = await app().call("POST", path, {
            ...(as === undefined ? {} : { as }),
            headers,
            body,
          });
          expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
          expect(answer.headers.get("www-authenticate")).toBe("Bearer");
        }
      }
    });

    test("below /v1/internal the internal token decides, for unknown paths and methods too; elsewhere a JWT does", async () => {
      const { call, internalHeaders } = app();
      expect(await call("GET", path, { headers: internalHeaders })).toMatchObject({ status: 405 });
      expect(await call("GET", "/v1/internal/nothing", { headers: internalHeaders })).toMatchObject({
        status: 404,
      });
      expect(await call("GET", "/v1/internal/nothing", { as: platformAdmin })).toMatchObject({ status: 401 });
      expect(await call("GET", "/v1/internal", { as: platformAdmin })).toMatchObject({ status: 401 });
      for (const elsewhere of [
        "/v1/tenants",
        "/v1/internalx",
        "/v1/%2e%2e/v1/catalog",
        "/v1/internal%2fapi-keys",
      ]) {
        expect(await call("GET", elsewhere, { headers: internalHeaders })).toMatchObject({ status: 401 });
      }
    });

    test("neither keys nor tokens reach the log or the metrics", async () => {
      const { key, id } = await givenKey();
      await verdict(key);
      await app().verify({ key: `${key}x` });
      const told = app().logged.join("") + (await app().metrics.registry.metrics());
      expect(told).toContain("/v1/internal/api-keys/verify");
      expect(told).not.toContain(key.slice(3));
      expect(told).not.toContain("internal-token");
      expect(told).not.toContain(id);
    });
  },
  { argon2: quickArgon2 },
);
