import { comparable } from "@leftrail/auth/testing";
import type { PublishedEventType } from "@leftrail/contract";
import { givenTenant } from "@leftrail/store/testing";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fakeEventPublisher, outOfReach } from "../src/events/testing/fake-event-publisher.ts";
import { platformAdmin } from "./call-app.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { eachApp } from "./each-app.ts";
import { expectNoChange } from "./trail.ts";

const path = "/v1/internal/events";
const stage = { type: "run.stage", data: { runId: "run-1", stage: "fetching", progress: 0.25 } };
const events = fakeEventPublisher();

interface Case {
  readonly name: string;
  readonly type: PublishedEventType;
  readonly with?: object;
  readonly without?: readonly string[];
}

interface CaseFile {
  readonly defaults: Readonly<Record<PublishedEventType, object>>;
  readonly accepted: readonly (Case & { readonly published?: object })[];
  readonly refused: readonly (Case & { readonly at: readonly string[] })[];
}

const cases: CaseFile = JSON.parse(
  readFileSync(new URL("../../../packages/contract/cases/events.json", import.meta.url), "utf8"),
  (_name, value) => (isRepeated(value) ? value.text.repeat(value.times) + (value.then ?? "") : value),
);

eachApp(
  "publishing over HTTP",
  (app) => {
    const given = (status: "pending" | "active" | "cancelled" = "active") =>
      givenTenant(app().harness.store, { status });
    const publish = (body: unknown, headers = {}) =>
      app().call("POST", path, { body, headers: { ...app().internalHeaders, ...headers } });
    const publishedTo = (organizationId: string) =>
      events.published.filter((event) => event.organizationId === organizationId);

    test("202: the id that the broker gave, the data as it was sent, the moment of publishing; no state changes", async () => {
      const { id } = await given();
      const before = new Date().toISOString();
      const answer = await expectNoChange(app().harness, () =>
        publish({ ...stage, org_id: id.toUpperCase() }),
      );
      expect(answer.status).toBe(202);
      const [event, ...others] = publishedTo(id);
      expect(answer.body).toEqual({ id: event?.id });
      expect(event).toEqual({ ...stage, id: event?.id, organizationId: id, occurredAt: event?.occurredAt });
      expect(others).toEqual([]);
      expect(event?.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const { occurredAt = "" } = event ?? {};
      expect(before <= occurredAt && occurredAt <= new Date().toISOString()).toBe(true);
    });

    test("202 for a tenant that is pending, for it has members who may listen", async () => {
      const { id } = await given("pending");
      expect(await publish({ ...stage, org_id: id })).toMatchObject({ status: 202 });
    });

    test("202 with the first one's id for a key that is known, whatever else is sent; another organization's is its own", async () => {
      const [one, other] = [await given(), await given()];
      const event_key = "run-1/fetching ~";
      const first = await publish({ ...stage, org_id: one.id, event_key });
      const changed = { ...stage.data, progress: 1 };
      const again = await publish({ ...stage, data: changed, org_id: one.id, event_key });
      expect(again).toMatchObject({ status: 202, body: first.body });
      expect(publishedTo(one.id)).toHaveLength(1);
      await publish({ ...stage, org_id: other.id, event_key });
      await publish({ ...stage, org_id: one.id });
      expect([publishedTo(other.id).length, publishedTo(one.id).length]).toEqual([1, 2]);
    });

    test("a caller's key is none of Leftrail's own", async () => {
      const { id } = await given();
      await publish({ ...stage, org_id: id, event_key: "tick:300:1" });
      const own = { ...stage, occurredAt: new Date().toISOString(), eventKey: "tick:300:1" };
      await events.publish(id, own);
      expect(publishedTo(id)).toHaveLength(2);
    });

    test.each(cases.accepted)("202 with the data as it is published: $name", async (one) => {
      const { id } = await given();
      const data = dataOf(one);
      expect((await publish({ org_id: id, type: one.type, data })).status).toBe(202);
      expect(publishedTo(id)).toMatchObject([{ type: one.type, data: { ...data, ...one.published } }]);
    });

    test("202 for the largest event in each way of writing it", async () => {
      const text = (character: string, times: number) => character.repeat(times);
      for (const [name, title] of [
        [text("😀", 200), text("😀", 15_000)],
        [text("\u0001", 199) + "x", text("\u0001", 60_000)],
      ] as const) {
        const { id } = await given();
        const data = { changeId: name, runId: name, source: name, title, severity: "low" };
        const body = {
          org_id: id,
          type: "change.detected",
          data: { ...data, detectedAt: "2026-01-01T00:00:00Z" },
          event_key: "\\".repeat(255),
        };
        expect(await publish(body)).toMatchObject({ status: 202 });
        const escaped = JSON.stringify({ ...body, event_key: '"'.repeat(255) }).replaceAll(
          /[^\x20-\x7e]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
        expect(await publish(escaped)).toMatchObject({ status: 202 });
        expect(publishedTo(id)).toMatchObject([{ data }, { data }]);
      }
    });

    test.each(cases.refused)("400 at its pointers: $name", async (one) => {
      const { id } = await given();
      const answer = await publish({ org_id: id, type: one.type, data: dataOf(one) });
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid_input" } });
      const pointers: string[] = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
      expect([...new Set(pointers)].toSorted()).toEqual(one.at.map((at) => `/data${at}`).toSorted());
      expect(publishedTo(id)).toEqual([]);
    });

    test.each<[string, object, string]>([
      ["stream.gap", { type: "stream.gap", data: {} }, "/type"],
      ["stream.reauth", { type: "stream.reauth", data: {} }, "/type"],
      ["stream.revoked", { type: "stream.revoked", data: {} }, "/type"],
      ["an unknown type", { type: "run.started" }, "/type"],
      ["no type", { type: undefined }, "/type"],
      ["no data", { data: undefined }, "/data"],
      ["data in a text", { data: JSON.stringify(stage.data) }, "/data"],
      ["no organization", { org_id: undefined }, "/org_id"],
      ["a slug", { org_id: "acme" }, "/org_id"],
      ["an unknown field", { occurred_at: "2026-01-01T00:00:00Z" }, "/occurred_at"],
      ["an empty key", { event_key: "" }, "/event_key"],
      ["a key of 256 characters", { event_key: "x".repeat(256) }, "/event_key"],
      ["a key that is not ASCII", { event_key: "é" }, "/event_key"],
      ["a key of two lines", { event_key: "a\nb" }, "/event_key"],
    ])("400: %s", async (_title, change, pointer) => {
      const { id } = await given();
      const before = events.calls;
      expect(await publish({ ...stage, org_id: id, ...change })).toMatchObject({
        status: 400,
        body: { errors: [{ pointer }] },
      });
      expect(events.calls).toBe(before);
    });

    test("400 for a query parameter, for what is no object, and before 404", async () => {
      const { internalHeaders: headers } = app();
      const query = { body: { ...stage, org_id: randomUUID() }, headers };
      expect(await app().call("POST", `${path}?dry=1`, query)).toMatchObject({ status: 400 });
      expect(await publish([])).toMatchObject({ status: 400, body: { errors: [{ pointer: "" }] } });
      expect(await publish({ org_id: randomUUID() })).toMatchObject({ status: 400 });
    });

    test("401 before 400 for everything but an internal token, a platform admin's included", async () => {
      const answers = await Promise.all([
        app().call("POST", path, { body: {} }),
        app().call("POST", path, { as: platformAdmin, body: {} }),
        app().call("POST", path, { body: {}, headers: { authorization: "Bearer wrong" } }),
      ]);
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
        expect(comparable(answer)).toEqual(comparable(answers[0]));
      }
    });

    test("404: an organization that does not exist, or not any more", async () => {
      const { id } = await given();
      await deleteTenant(app().harness.store, id);
      for (const org_id of [id, randomUUID()]) {
        expect(await publish({ ...stage, org_id })).toMatchObject({
          status: 404,
          body: { code: "not_found" },
        });
        expect(publishedTo(org_id)).toEqual([]);
      }
    });

    test("405 with Allow for another method", async () => {
      const answer = await app().call("GET", path, { headers: app().internalHeaders });
      expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
      expect(answer.headers.get("allow")).toBe("POST");
    });

    test("409: a cancelled organization, as for every write that is no removal", async () => {
      const { id } = await given("cancelled");
      expect(await publish({ ...stage, org_id: id })).toMatchObject({
        status: 409,
        body: { code: "conflict" },
      });
      expect(publishedTo(id)).toEqual([]);
    });

    test("413 for more than 64 KiB that no escape explains, 415 for anything but JSON", async () => {
      const { id } = await given();
      const large = { ...stage, org_id: id, data: { ...stage.data, message: "x".repeat(66_000) } };
      expect(await publish(large)).toMatchObject({ status: 413, body: { code: "payload_too_large" } });
      expect(await publish("{}", { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    });

    test("503 with Retry-After while nothing can be published, and 202 when that is over", async () => {
      const { id } = await given();
      const body = { ...stage, org_id: id, event_key: "once" };
      events.before = outOfReach;
      const answer = await publish(body).finally(() => {
        events.before = () => undefined;
      });
      expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
      expect(await publish(body)).toMatchObject({ status: 202 });
      expect(publishedTo(id)).toHaveLength(1);
    });

    test("what is published is counted by type and outcome, and timed; its data is not logged", async () => {
      const { id } = await given();
      const countOf = async (pattern: RegExp) => {
        const { text } = await app().call("GET", "/metrics");
        return Number(pattern.exec(text)?.[1] ?? 0);
      };
      const published = /^leftrail_events_published_total\{type="run.stage",outcome="published"\} (\d+)$/m;
      const failed = /^leftrail_events_published_total\{type="run.stage",outcome="failed"\} (\d+)$/m;
      const timed = /^leftrail_event_publish_duration_seconds_count (\d+)$/m;
      const before = [await countOf(published), await countOf(failed), await countOf(timed)];
      const secret = { ...stage.data, message: "told in confidence" };
      await publish({ ...stage, data: secret, org_id: id });
      events.before = outOfReach;
      await publish({ ...stage, data: secret, org_id: id });
      events.before = () => undefined;
      expect([await countOf(published), await countOf(failed), await countOf(timed)]).toEqual([
        before[0]! + 1,
        before[1]! + 1,
        before[2]! + 2,
      ]);
      expect(app().logged.join("")).not.toContain("in confidence");
    });
  },
  { events },
);

function dataOf({ type, with: change, without = [] }: Case): object {
  const fields = Object.entries({ ...cases.defaults[type], ...change });
  return Object.fromEntries(fields.filter(([name]) => !without.includes(name)));
}

function isRepeated(value: unknown): value is { text: string; times: number; then?: string } {
  return typeof value === "object" && value !== null && "times" in value;
}
