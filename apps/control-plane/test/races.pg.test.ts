import { newUser, type TestUser } from "@leftrail/auth/testing";
import type { Role } from "@leftrail/contract";
import { givenTenant, postgresHarness } from "@leftrail/store/testing";
import { expect, inject, test } from "vitest";
import { callApp, platformAdmin } from "./call-app.ts";
import { waitingForLocks, whileLocked } from "./hold-lock.ts";

interface Given {
  /** Two owners of the tenant. */
  readonly a: TestUser;
  readonly b: TestUser;
  readonly parentId: string;
  readonly put: (user: TestUser, role: Role, as: TestUser) => Promise<{ status: number }>;
  readonly remove: (user: TestUser, as: TestUser) => Promise<{ status: number }>;
  readonly move: (parentId: string | null, as: TestUser) => Promise<{ status: number }>;
  readonly cancel: () => Promise<{ status: number }>;
  readonly override: () => Promise<{ status: number }>;
}

type Request = (given: Given) => Promise<{ status: number }>;

/** Both pass the guards before either has the tenant's lock; they get it in the order in which they wait. */
async function raced(first: Request, second: Request) {
  await using harness = await postgresHarness(inject("postgres"));
  await using app = await callApp(harness);
  const [a, b] = [newUser(), newUser()];
  const parent = await givenTenant(harness.store);
  const members = { [a.userId]: "owner", [b.userId]: "owner" } as const;
  const { id } = await givenTenant(harness.store, { parent, members });
  const member = ({ userId }: TestUser) => `/v1/tenants/${id}/members/${userId}`;
  const given: Given = {
    a,
    b,
    parentId: parent.id,
    put: (user, role, as) => app.call("PUT", member(user), { as, body: { role } }),
    remove: (user, as) => app.call("DELETE", member(user), { as }),
    move: (parent_tenant_id, as) =>
      app.call("PATCH", `/v1/tenants/${id}`, { as, body: { parent_tenant_id } }),
    cancel: () => app.call("POST", `/v1/tenants/${id}/cancel`, { as: platformAdmin }),
    override: () =>
      app.call("PUT", "/v1/overrides", {
        as: platformAdmin,
        body: { tenant_id: id, target_type: "feature", target: "chat", effect: "deny" },
      }),
  };
  const { both } = await whileLocked(harness.url, id, async (sql) => {
    const one = first(given);
    await waitingForLocks(sql, 1);
    const two = second(given);
    await waitingForLocks(sql, 2);
    return { both: Promise.all([one, two]) };
  });
  const statuses = (await both).map(({ status }) => status);
  const { items } = await harness.store.read.memberships.list(id, { limit: 10, after: null });
  const trail = (await harness.dump()).auditLog.filter(({ actorType }) => actorType === "user");
  return { statuses, members: items.length, changes: trail.length };
}

test("of two owners who remove each other, the second is told that one must stay", async () => {
  const outcome = await raced(
    ({ a, b, remove }) => remove(b, a),
    ({ a, b, remove }) => remove(a, b),
  );
  expect(outcome).toEqual({ statuses: [204, 409], members: 1, changes: 1 });
});

test("who lost the right over members while waiting for the lock may not use it any more", async () => {
  const demoted = await raced(
    ({ a, b, put }) => put(b, "admin", a),
    ({ b, put }) => put(newUser(), "owner", b),
  );
  expect(demoted).toEqual({ statuses: [200, 403], members: 2, changes: 1 });
  const removed = await raced(
    ({ a, b, remove }) => remove(b, a),
    ({ b, put }) => put(newUser(), "member", b),
  );
  expect(removed).toEqual({ statuses: [204, 404], members: 1, changes: 1 });
});

test("a tenant admin who repeats the parent undoes no move that came in between", async () => {
  const outcome = await raced(
    ({ move }) => move(null, platformAdmin),
    ({ a, parentId, move }) => move(parentId, a),
  );
  expect(outcome).toEqual({ statuses: [200, 403], members: 2, changes: 1 });
});

test("of two overrides alike, the second finds the first and changes nothing", async () => {
  const set: Request = ({ override }) => override();
  expect(await raced(set, set)).toEqual({ statuses: [201, 200], members: 2, changes: 1 });
});

test("what waits behind a cancellation meets a cancelled tenant", async () => {
  const cancel: Request = ({ cancel: send }) => send();
  const outcome = { statuses: [200, 409], members: 2, changes: 1 };
  expect(await raced(cancel, ({ override }) => override())).toEqual(outcome);
  expect(await raced(cancel, ({ a, b, put }) => put(b, "member", a))).toEqual(outcome);
  expect(await raced(cancel, ({ move }) => move(null, platformAdmin))).toEqual(outcome);
});
