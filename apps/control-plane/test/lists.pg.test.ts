import { newUser } from "@leftrail/auth/testing";
import { toInstant } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { expect, test } from "vitest";
import { platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";

eachApp("lists over HTTP", (app) => {
  const given = async (count: number) => {
    const as = newUser();
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const tenant = await givenTenant(app().harness.store, {
        members: { [as.userId]: "member" },
        status: n % 2 === 0 ? "active" : "pending",
      });
      ids.unshift(tenant.id);
    }
    return { as, ids };
  };

  test("a walk over all pages meets every row once, newest first, and ends with a null cursor", async () => {
    const { as, ids } = await given(7);
    const seen: string[] = [];
    let path = "/v1/tenants?limit=3";
    for (;;) {
      const { status, body } = await app().call("GET", path, { as });
      expect(status).toBe(200);
      seen.push(...body.data.map((tenant: { id: string }) => tenant.id));
      if (body.next_cursor === null) break;
      path = `/v1/tenants?limit=3&cursor=${encodeURIComponent(body.next_cursor)}`;
    }
    expect(seen).toEqual(ids);
  });

  test("rows that share a microsecond, and rows within one millisecond, are neither skipped nor repeated", async () => {
    const { as, ids } = await given(8);
    const micros = ["000001", "000001", "000001", "000002", "000002", "000999", "000999", "000999"];
    for (const [n, id] of ids.entries()) {
      await app().harness.arrange.createdAt(id, toInstant(`2026-01-01T00:00:00.${micros[n]}Z`));
    }
    const whole = await app().call("GET", "/v1/tenants", { as });
    const seen: unknown[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await app().call("GET", `/v1/tenants?limit=1${cursor && `&cursor=${cursor}`}`, { as });
      seen.push(...body.data);
      cursor = body.next_cursor;
    }
    expect(seen).toEqual(whole.body.data);
    expect(seen).toHaveLength(8);
  });

  test("a filter holds over all pages, and a full last page needs no empty one after it", async () => {
    const { as } = await given(8);
    const first = await app().call("GET", "/v1/tenants?status=pending&limit=2", { as });
    const cursor: string = first.body.next_cursor;
    const second = await app().call("GET", `/v1/tenants?status=pending&limit=2&cursor=${cursor}`, { as });
    expect([...first.body.data, ...second.body.data].map((row: { status: string }) => row.status)).toEqual(
      Array.from({ length: 4 }, () => "pending"),
    );
    expect(second.body.next_cursor).toBeNull();
  });

  test("a stranger's list is empty, a platform admin's holds what is everybody's", async () => {
    const { ids } = await given(1);
    expect((await app().call("GET", "/v1/tenants", { as: newUser() })).body).toEqual({
      data: [],
      next_cursor: null,
    });
    const all = await app().call("GET", "/v1/tenants?limit=200", { as: platformAdmin });
    expect(all.body.data.map((row: { id: string }) => row.id)).toContain(ids[0]);
  });

  test.each([
    "limit=0",
    "limit=201",
    "limit=-1",
    "limit=1.5",
    "limit=x",
    "limit=",
    "limit=1&limit=2",
    "limit=01",
  ])("400: %s", async (query) => {
    const answer = await app().call("GET", `/v1/tenants?${query}`, { as: newUser() });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: "?limit" }] } });
  });

  test.each([
    ["a status that is none", "status=gone", "?status"],
    ["an unknown parameter", "colour=red", "?colour"],
    ["an empty cursor", "cursor=", "?cursor"],
    ["a cursor made up", "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "?cursor"],
    ["broken percent-encoding", "status=%zz", "?status"],
    ["U+0000", "cursor=%00", "?cursor"],
  ])("400: %s", async (_title, query, pointer) => {
    const answer = await app().call("GET", `/v1/tenants?${query}`, { as: newUser() });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });

  test("400: a cursor with any one character changed, another user's, another filter's, another list's", async () => {
    const { as, ids } = await given(3);
    const { body } = await app().call("GET", "/v1/tenants?limit=1", { as });
    const cursor: string = body.next_cursor;
    const refused = async (path: string, caller = as) =>
      expect(await app().call("GET", path, { as: caller }), path).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "?cursor" }] },
      });
    for (let n = 0; n < cursor.length; n++) {
      const other = cursor[n] === "A" ? "B" : "A";
      await refused(`/v1/tenants?cursor=${cursor.slice(0, n)}${other}${cursor.slice(n + 1)}`);
    }
    await refused(`/v1/tenants?cursor=${cursor}=`);
    await refused(`/v1/tenants?cursor=${cursor}`, newUser());
    await refused(`/v1/tenants?status=active&cursor=${cursor}`);
    await refused(`/v1/entitlements?tenant_id=${ids[0]}&cursor=${cursor}`);
    await refused(`/v1/catalog?cursor=${cursor}`);
  });
});
