import { comparable, newUser } from "@leftrail/auth/testing";
import { newApiKeyBodySchema } from "@leftrail/contract";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { quickArgon2 } from "../src/api-keys/testing/hashing.ts";
import { apiKeyCalls } from "./api-key-calls.ts";
import { eachApp } from "./each-app.ts";
import { actionsOf, expectNoChange, trailOf } from "./trail.ts";

const invalid = { status: 400, body: { code: "invalid_input" } };
const notThere = { status: 404, body: { detail: "The API key does not exist." } };

eachApp(
  "the end of an API key",
  (app) => {
    const { givenTeam, created, list, revoke, rotate, cancel, verdict } = apiKeyCalls(app);

    describe("DELETE /v1/api-keys/{id}", () => {
      test("204 and one audit entry, a repeat 204 without another, and the key is revoked from then on", async () => {
        const { tenant, admin } = await givenTeam();
        const { id, key, prefix } = await created(tenant.id, admin);
        expect(await revoke(id.toUpperCase(), admin)).toMatchObject({ status: 204, text: "" });
        expect(await verdict(key)).toBe("revoked");
        expect(await expectNoChange(app().harness, () => revoke(id, admin))).toMatchObject({ status: 204 });
        const trail = await trailOf(app().harness, tenant.id);
        expect(trail.filter(({ action }) => action === "api_key.revoked")).toMatchObject([
          { targetType: "api_key", targetId: id, metadata: { prefix } },
        ]);
      });

      test("204 once and for all when ten come at the same time", async () => {
        const { tenant, admin } = await givenTeam();
        const { id } = await created(tenant.id, admin);
        const answers = await Promise.all(Array.from({ length: 10 }, () => revoke(id, admin)));
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
        const actions = await actionsOf(app().harness, tenant.id);
        expect(actions.filter((action) => action === "api_key.revoked")).toHaveLength(1);
      });

      test("204 in a cancelled tenant too", async () => {
        const { tenant, admin } = await givenTeam();
        const { id, key } = await created(tenant.id, admin);
        await cancel(tenant.id);
        expect(await verdict(key)).toBe("tenant_inactive");
        expect(await revoke(id, admin)).toMatchObject({ status: 204 });
        expect(await verdict(key)).toBe("revoked");
      });

      test("403 for a member; 404 for a stranger, byte for byte as for an id that is nobody's; 400 for no id", async () => {
        const { tenant, admin, member } = await givenTeam();
        const { id, key } = await created(tenant.id, admin);
        expect(await revoke(id, member)).toMatchObject({ status: 403 });
        const stranger = newUser();
        const [masked, random] = [await revoke(id, stranger), await revoke(randomUUID(), stranger)];
        expect(masked).toMatchObject(notThere);
        expect(comparable(masked)).toEqual(comparable(random));
        expect(await revoke("bp_AAECAwQF", admin)).toMatchObject(invalid);
        expect(await verdict(key)).toBe("valid");
      });
    });

    describe("POST /v1/api-keys/{id}/rotate", () => {
      test("201 a new key with the same name and scopes, without expiry; both are valid during the grace, with one audit entry", async () => {
        const { tenant, admin } = await givenTeam();
        const expires_at = "2100-01-01T00:00:00.000Z";
        const old = await created(tenant.id, admin, { name: "Deploys", scopes: ["a", "b"], expires_at });
        const before = (await trailOf(app().harness, tenant.id)).length;
        const answer = await rotate(old.id, admin, { grace_seconds: 604_800 });
        expect(answer.status).toBe(201);
        const renewed = newApiKeyBodySchema.parse(answer.body);
        expect(renewed).toMatchObject({
          tenant_id: tenant.id,
          name: "Deploys",
          scopes: ["a", "b"],
          expires_at: null,
        });
        expect([renewed.id, renewed.key, renewed.prefix]).not.toContain(old.id);
        expect(await Promise.all([verdict(old.key), verdict(answer.body.key)])).toEqual(["valid", "valid"]);
        const trail = (await trailOf(app().harness, tenant.id)).slice(before);
        expect(trail).toMatchObject([
          {
            action: "api_key.rotated",
            targetId: old.id,
            metadata: { new_key_id: renewed.id, new_prefix: renewed.prefix, grace_seconds: 604_800 },
          },
        ]);
        const shown = (await list(tenant.id, admin)).body.data.find(
          ({ id }: { id: string }) => id === old.id,
        );
        const graceMs = Date.parse(shown.expires_at) - Date.parse(renewed.created_at);
        expect(graceMs).toBe(604_800_000);
      });

      test("without a grace the old key has expired when the answer is there", async () => {
        const { tenant, admin } = await givenTeam();
        const old = await created(tenant.id, admin);
        const { body } = await rotate(old.id, admin, { grace_seconds: 0 });
        expect(await verdict(old.key)).toBe("expired");
        expect(await verdict(body.key)).toBe("valid");
      });

      test("a grace never prolongs a key, and the next rotation may shorten it", async () => {
        const { tenant, admin } = await givenTeam();
        const soon = new Date(Date.now() + 60_000).toISOString();
        const old = await created(tenant.id, admin, { expires_at: soon });
        await rotate(old.id, admin, { grace_seconds: 3600 });
        const shown = async () =>
          (await list(tenant.id, admin)).body.data.find(({ id }: { id: string }) => id === old.id);
        expect((await shown()).expires_at).toBe(soon);
        expect(await rotate(old.id, admin, { grace_seconds: 0 })).toMatchObject({ status: 201 });
        expect(await verdict(old.key)).toBe("expired");
      });

      test("409 for a key that is revoked or has expired, and for one of a cancelled tenant", async () => {
        const { tenant, admin } = await givenTeam();
        const [revoked, expired, other] = await Promise.all([1, 2, 3].map(() => created(tenant.id, admin)));
        await revoke(revoked!.id, admin);
        await rotate(expired!.id, admin, { grace_seconds: 0 });
        const refusals = await expectNoChange(app().harness, async () => [
          await rotate(revoked!.id, admin),
          await rotate(expired!.id, admin),
        ]);
        expect(refusals).toMatchObject([
          { status: 409, body: { detail: "The API key is revoked." } },
          { status: 409, body: { detail: "The API key has expired." } },
        ]);
        await cancel(tenant.id);
        expect(await rotate(other!.id, admin)).toMatchObject({
          status: 409,
          body: { detail: "The tenant is not active." },
        });
      });

      test("two rotations at the same time are as if one came after the other", async () => {
        const { tenant, admin } = await givenTeam();
        const { id, key } = await created(tenant.id, admin);
        const both = await Promise.all([1, 2].map(() => rotate(id, admin, { grace_seconds: 0 })));
        const made = both.filter(({ status }) => status === 201);
        // The later one may still have begun before the key expired.
        expect(both.filter(({ status }) => status === 409)).toHaveLength(2 - made.length);
        expect(made.length).toBeGreaterThan(0);
        for (const { body } of made) expect(await verdict(body.key)).toBe("valid");
        expect(await verdict(key)).toBe("expired");
        const actions = await actionsOf(app().harness, tenant.id);
        expect(actions.filter((action) => action === "api_key.rotated")).toHaveLength(made.length);
      });

      test("a repeat under one Idempotency-Key is one rotation; the same for another key is 409", async () => {
        const { tenant, admin } = await givenTeam();
        const [one, other] = [await created(tenant.id, admin), await created(tenant.id, admin)];
        const headers = { "idempotency-key": randomUUID() };
        const grace = { grace_seconds: 0 };
        const first = await rotate(one.id, admin, grace, headers);
        const replayed = await expectNoChange(app().harness, () => rotate(one.id, admin, grace, headers));
        expect(replayed).toMatchObject({ status: 201, body: { ...first.body, key: null } });
        expect(await rotate(other.id, admin, grace, headers)).toMatchObject({ status: 409 });
        expect(await verdict(other.key)).toBe("valid");
      });

      test("400 for a grace that is none; 403 for a member; 404 for a stranger as for nobody's id", async () => {
        const { tenant, admin, member } = await givenTeam();
        const { id } = await created(tenant.id, admin);
        for (const body of [
          {},
          { grace_seconds: -1 },
          { grace_seconds: 604_801 },
          { grace_seconds: 1.5 },
          { grace_seconds: "1" },
          { grace_seconds: 1, name: "x" },
        ]) {
          expect(await rotate(id, admin, body)).toMatchObject(invalid);
        }
        expect(await rotate("x", admin)).toMatchObject(invalid);
        expect(await rotate(id, member)).toMatchObject({ status: 403 });
        const stranger = newUser();
        const [masked, random] = [await rotate(id, stranger), await rotate(randomUUID(), stranger)];
        expect(masked).toMatchObject(notThere);
        expect(comparable(masked)).toEqual(comparable(random));
      });
    });
  },
  { argon2: quickArgon2 },
);
