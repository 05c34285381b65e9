import { createTestDatabase, startTestRedis } from "@leftrail/testkit";
import { randomUUID } from "node:crypto";
import { expect, inject, test } from "vitest";
import { processInternalToken, startControlPlane, startIssuer } from "./control-plane-process.ts";

const timeout = 60_000;

test(
  "a revoked key is valid in no process from the answer of DELETE on, though each knows the proofs of the other",
  { timeout },
  async () => {
    await using database = await createTestDatabase(inject("postgres"));
    await using redis = await startTestRedis();
    await using issuer = await startIssuer();
    const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, AUTH_ISSUERS: issuer.setting };
    await using first = await startControlPlane(env);
    await using second = await startControlPlane(env);
    const authorization = await issuer.bearer(randomUUID(), ["platform-admin"]);
    const json = { "content-type": "application/json" };
    const post = async (path: string, body: object) => {
      const response = await fetch(first.url + path, {
        method: "POST",
        headers: { authorization, ...json },
        body: JSON.stringify(body),
      });
      expect(response.status).toBeLessThan(300);
      return (await response.json()) as { id: string; key: string };
    };
    const tenant = await post("/v1/tenants", { slug: "e2e", name: "e2e" });
    await post(`/v1/tenants/${tenant.id}/activate`, {});
    const verify = async (url: string, key: string) => {
      const response = await fetch(`${url}/v1/internal/api-keys/verify`, {
        method: "POST",
        headers: { authorization: `Bearer ${processInternalToken}`, ...json },
        body: JSON.stringify({ key }),
      });
      expect(response.status).toBe(200);
      return (await response.json()) as { valid: boolean; code?: string };
    };

    for (let round = 0; round < 20; round++) {
      const { id, key } = await post("/v1/api-keys", { tenant_id: tenant.id, name: "e2e" });
      expect(await verify(first.url, key)).toMatchObject({ valid: true, key_id: id });
      expect(await verify(second.url, key)).toMatchObject({ valid: true, key_id: id });
      const revoked = await fetch(`${first.url}/v1/api-keys/${id}`, {
        method: "DELETE",
        headers: { authorization },
      });
      expect(revoked.status).toBe(204);
      for (const url of [second.url, first.url]) {
        expect(await verify(url, key)).toEqual({ valid: false, code: "revoked" });
      }
    }
    const metrics = await (await fetch(`${second.url}/metrics`)).text();
    expect(metrics).toContain('leftrail_key_proof_hits_total{tier="redis"}');
  },
);
