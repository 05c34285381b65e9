import { newUser, type TestUser } from "@leftrail/auth/testing";
import { changeAs, givenTenant, postgresHarness } from "@leftrail/store/testing";
import { expect, inject, test } from "vitest";
import { callApp, newSlug, platformAdmin } from "./call-app.ts";
import { eachApp } from "./each-app.ts";
import { waitingForLocks, whileLocked } from "./hold-lock.ts";
import { actionsOf, expectNoChange } from "./trail.ts";

eachApp("POST with an Idempotency-Key", (app) => {
  const givenTeam = async () => {
    const [one, two] = [newUser(), newUser()];
    const members = { [one.userId]: "admin", [two.userId]: "admin" } as const;
    return { one, two, tenant: await givenTenant(app().harness.store, { members }) };
  };
  const send = (path: string, as: TestUser, key: string, body: unknown) =>
    app().call("POST", path, { as, body, headers: { "idempotency-key": key } });
  const request = (as: TestUser, key: string, body: unknown) => send("/v1/catalog/request", as, key, body);
  const replayed = (answer: { headers: Headers }) => answer.headers.get("idempotent-replayed");

  test("the same key and body, however it is written, replays the first answer and changes nothing", async () => {
    const { one, tenant } = await givenTeam();
    const bodies: Readonly<Record<string, object>> = {
      "/v1/tenants": { slug: newSlug(), name: "One", parent_tenant_id: tenant.id },
      "/v1/catalog/request": { tenant_id: tenant.id, product: "change-radar", note: null },
      "/v1/catalog/trial-request": { tenant_id: tenant.id, product: "ai-chat" },
    };
    for (const [path, body] of Object.entries(bodies)) {
      const first = await send(path, one, "key-1", body);
      expect(first.status).toBe(201);
      expect(replayed(first)).toBeNull();
      const reordered = JSON.stringify(Object.fromEntries(Object.entries(body).toReversed()), null, 2);
      const second = await expectNoChange(app().harness, () => send(path, one, "key-1", reordered));
      expect(second).toMatchObject({ status: 201, text: first.text });
      expect(second.headers.get("location")).toBe(first.headers.get("location"));
      expect(replayed(second)).toBe("true");
    }
  });

  test("a replay is the first answer, also after the order was decided", async () => {
    const { one, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    const first = await request(one, "k", body);
    await app().call("POST", `/v1/orders/${first.body.id}/approve`, { as: platformAdmin });
    expect(await request(one, "k", body)).toMatchObject({ status: 201, text: first.text });
    expect(await request(one, "k2", body)).toMatchObject({ status: 409 });
  });

  test("409: the same key with another body", async () => {
    const { one, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    await request(one, "k", body);
    await expectNoChange(app().harness, async () => {
      for (const other of [
        { ...body, product: "change-radar" },
        { ...body, note: "x" },
        { ...body, note: null },
      ]) {
        const answer = await request(one, "k", other);
        expect(answer).toMatchObject({ status: 409, body: { code: "conflict" } });
        expect(replayed(answer)).toBeNull();
      }
    });
  });

  test("another caller's key, and the same key on another route, is a key of its own", async () => {
    const { one, two, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    await request(one, "k", body);
    const answer = await request(two, "k", body);
    expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining("open request") } });
    expect(await request(two, "k", { ...body, product: "change-radar" })).toMatchObject({ status: 201 });
    const trial = await send("/v1/catalog/trial-request", one, "k", body);
    expect(trial.status).toBe(201);
    expect(replayed(trial)).toBeNull();
  });

  test("after 24 hours the key is new again", async () => {
    const { one, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    const first = await request(one, "k", body);
    await app().call("POST", `/v1/orders/${first.body.id}/reject`, { as: platformAdmin });
    await app().harness.arrange.answersExpired();
    const second = await request(one, "k", body);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    expect(replayed(second)).toBeNull();
    expect(replayed(await request(one, "k", body))).toBe("true");
  });

  test("only successes are kept: what failed may be tried again with its key", async () => {
    const { one, two, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    const open = await request(two, "other", body);
    expect(await request(one, "k", body)).toMatchObject({ status: 409 });
    await app().call("POST", `/v1/orders/${open.body.id}/reject`, { as: platformAdmin });
    const again = await request(one, "k", body);
    expect(again.status).toBe(201);
    expect(replayed(again)).toBeNull();
  });

  test("who lost the right, or the sight, gets no replay", async () => {
    const { one, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    await request(one, "k", body);
    const { store } = app().harness;
    const { userId } = one;
    await changeAs(store, tenant.id, (tx) =>
      tx.write.memberships.put({ tenantId: tenant.id, userId, role: "member" }),
    );
    expect(await request(one, "k", body)).toMatchObject({ status: 403 });
    await changeAs(store, tenant.id, (tx) => tx.write.memberships.remove(tenant.id, userId));
    expect(await request(one, "k", body)).toMatchObject({ status: 404 });
  });

  test("of 20 at once with one key, one takes effect and every 201 is the same", async () => {
    const { one, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(one, "k", body)));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ text }) => text)).size).toBe(1);
    expect(made.filter((answer) => replayed(answer) === null)).toHaveLength(1);
    // The others met the first while it was running.
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(await actionsOf(app().harness, tenant.id)).toEqual(["catalog.requested"]);
  });

  test.each([
    ["empty", ""],
    ["of 256 characters", "x".repeat(256)],
    ["not ASCII", "schlüssel"],
    ["with a tab", "a\tb"],
  ])("400: a key %s", async (_title, key) => {
    const { one, tenant } = await givenTeam();
    const body = { tenant_id: tenant.id, product: "ai-chat" };
    expect(await request(one, key, body)).toMatchObject({ status: 400, body: { code: "invalid_input" } });
    expect(await request(one, "x".repeat(255), body)).toMatchObject({ status: 201 });
  });
});

test("409 while the first request with the key is still running, which then succeeds", async () => {
  await using harness = await postgresHarness(inject("postgres"));
  await using app = await callApp(harness);
  const as = newUser();
  const { id } = await givenTenant(harness.store, { members: { [as.userId]: "admin" } });
  const send = () =>
    app.call("POST", "/v1/catalog/request", {
      as,
      body: { tenant_id: id, product: "ai-chat" },
      headers: { "idempotency-key": "k" },
    });
  const first = await whileLocked(harness.url, id, async (sql) => {
    const running = send();
    await waitingForLocks(sql, 1);
    expect(await send()).toMatchObject({ status: 409, body: { detail: expect.stringContaining("running") } });
    return { running };
  });
  const made = await first.running;
  expect(made.status).toBe(201);
  expect((await send()).text).toBe(made.text);
});
