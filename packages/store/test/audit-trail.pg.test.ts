import canonicalize from "canonicalize";
import fc from "fast-check";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AuditEntry } from "../src/index.ts";
import type { ReportedAuditEntry } from "../src/port/audit.ts";
import { at, changeAs, eachStore, entryOf, givenTenant, testActor } from "../src/testing/index.ts";

/** What reaches a store as metadata: any JSON without U+0000 and lone surrogates. */
const text = fc
  .string({ unit: "binary", maxLength: 20 })
  .map((raw) => raw.replaceAll("\0", "").toWellFormed());
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, -0, 1, 0.1 + 0.2, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 53) - 2, 123e-20),
);
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 28, depthSize: "small" },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(text, fc.constantFrom("__proto__", "toJSON", "", "é", "z", "10", "9")),
      tie("value"),
      {
        maxKeys: 4,
      },
    ),
  ),
}));
const metadataArbitrary = fc
  .dictionary(text, json, { maxKeys: 4 })
  .map((metadata): Record<string, unknown> => JSON.parse(JSON.stringify(metadata)));

eachStore("the audit trail", (harness) => {
  const report = (tenantId: string, entry: Partial<ReportedAuditEntry> = {}) =>
    harness().store.change(testActor, (tx) =>
      tx.report({ ...entryOf(tenantId), action: "note.added", occurredAt: null, ...entry }),
    );
  const trailOf = (tenantId: string) => harness().store.read.auditLog.chain(tenantId, 0, 1000);
  const headOf = async (tenantId: string) => (await harness().store.read.auditLog.state(tenantId)).head;
  const verify = (tenantId: string) => harness().store.verifyTrail(tenantId);
  const givenTrail = async (length: number) => {
    const tenant = await givenTenant(harness().store);
    for (let n = 1; n < length; n++) await report(tenant.id, { metadata: { n }, targetId: `n-${n}` });
    return { tenant, entries: await trailOf(tenant.id) };
  };

  test("keeps every entry as it was reported, and verifies", async () => {
    const { tenant } = await givenTrail(1);
    const entry = await report(tenant.id, {
      product: "ai-chat",
      targetType: "note",
      targetId: "n-1",
      metadata: { b: 1, a: [{ é: "\u2028😀" }] },
      occurredAt: at("2020-01-01T00:00:00"),
    });
    expect((await trailOf(tenant.id))[1]).toEqual(entry);
    expect(await verify(tenant.id)).toEqual({
      ok: true,
      checked: 2,
      head: { seq: 2, hash: entry.hash },
      firstBroken: null,
    });
  });

  test("any metadata comes back as the same canonical JSON, in the order it was given, and verifies", async () => {
    const { tenant } = await givenTrail(1);
    let count = 1;
    await fc.assert(
      fc.asyncProperty(metadataArbitrary, async (metadata) => {
        const { seq } = await report(tenant.id, { metadata });
        count += 1;
        const [kept] = await harness().store.read.auditLog.chain(tenant.id, seq - 1, 1);
        expect(canonicalize(kept?.metadata)).toBe(canonicalize(metadata));
        expect(JSON.stringify(kept?.metadata)).toBe(JSON.stringify(metadata));
      }),
      { numRuns: 150 },
    );
    expect(await verify(tenant.id)).toMatchObject({ ok: true, checked: count });
  });

  test("verifies while others append to it", async () => {
    const { tenant } = await givenTrail(1);
    const appends = Array.from({ length: 30 }, () => report(tenant.id));
    const checks = await Promise.all(Array.from({ length: 10 }, () => verify(tenant.id)));
    await Promise.all(appends);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(await verify(tenant.id)).toMatchObject({ ok: true, checked: 31 });
    expect((await trailOf(tenant.id)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 31 }, (_, n) => n + 1),
    );
  });

  test("of more entries than one batch holds verifies, and the break is found wherever it is", async () => {
    const { tenant, entries } = await givenTrail(420);
    expect(await verify(tenant.id)).toMatchObject({ ok: true, checked: 420 });
    await harness().arrange.trail(tenant.id, edited(entries, 401, { action: "x" }));
    expect(await verify(tenant.id)).toMatchObject({ ok: false, checked: 401, firstBroken: 401 });
  });

  test("of a deleted tenant stays, ends with the deletion, and verifies", async () => {
    const { tenant } = await givenTrail(2);
    await harness().store.change(testActor, async (tx) => {
      await tx.write.tenants.remove(tenant.id);
      await tx.audit(entryOf(tenant.id, "tenant.deleted"));
    });
    const trail = await trailOf(tenant.id);
    expect(trail.map(({ action, tenantId }) => [action, tenantId])).toEqual([
      ["tenant.created", null],
      ["note.added", null],
      ["tenant.deleted", null],
    ]);
    expect(await verify(tenant.id)).toMatchObject({ ok: true, checked: 3 });
    expect(await harness().store.read.auditLog.state(tenant.id)).toMatchObject({
      isTenantLiving: false,
      lastSeq: 3,
    });
  });

  test("that never was verifies, without a head", async () => {
    const id = randomUUID();
    expect(await verify(id)).toEqual({ ok: true, checked: 0, head: null, firstBroken: null });
    expect(await harness().store.read.auditLog.state(id)).toEqual({
      head: undefined,
      lastSeq: 0,
      isTenantLiving: false,
    });
  });

  test("a report to a tenant that is none is not found, and leaves nothing", async () => {
    const before = await harness().dump();
    await expect(report(randomUUID())).rejects.toMatchObject({ code: "not_found" });
    expect(await harness().dump()).toEqual(before);
  });

  describe("verification finds", () => {
    test.each<[string, Partial<AuditEntry>]>([
      ["an action", { action: "x" }],
      ["metadata", { metadata: { n: 1.5 } }],
      ["a moment, by a microsecond", { createdAt: at("2020-01-01T00:00:00") }],
      ["an address", { ip: "10.0.0.1" }],
      ["an actor", { actorId: "somebody else" }],
      ["a tenant_id that is gone while the tenant lives", { tenantId: null }],
      ["metadata with a lone surrogate", { metadata: { n: "\ud800" } }],
    ])("an edit: %s", async (_title, change) => {
      const { tenant, entries } = await givenTrail(4);
      await harness().arrange.trail(tenant.id, edited(entries, 2, change));
      expect(await verify(tenant.id)).toMatchObject({ ok: false, firstBroken: 2 });
    });

    test("a removal, a swap, a cut tail, a lost head, an entry from another tenant", async () => {
      const { arrange } = harness();
      const { tenant, entries } = await givenTrail(4);
      const [first, second, third, fourth] = entries;
      if (!first || !second || !third || !fourth) throw new Error("four entries were written");
      const broken = async (trail: readonly AuditEntry[]) => {
        await arrange.trail(tenant.id, trail);
        return (await verify(tenant.id)).firstBroken;
      };
      expect(await broken([first, third, fourth])).toBe(2);
      expect(await broken([first, { ...third, seq: 2 }, { ...second, seq: 3 }, fourth])).toBe(2);
      expect(await broken([first, second, third])).toBe(4);
      expect(await broken([])).toBe(1);
      const other = await givenTrail(5);
      const foreign = other.entries.slice(4).map((entry) => ({ ...entry, id: randomUUID() }));
      expect(
        await broken([
          ...entries,
          ...foreign.map((e) => ({ ...e, tenantRef: tenant.id, tenantId: tenant.id })),
        ]),
      ).toBe(5);
      expect(await broken(entries)).toBeNull();
      await arrange.trailHead(tenant.id, null);
      expect(await verify(tenant.id)).toMatchObject({ ok: false, head: null, firstBroken: 5 });
    });

    test("a cut tail for ever, also when the head was set back and the trail went on", async () => {
      const { tenant, entries } = await givenTrail(4);
      const [, , third] = entries;
      const head = await headOf(tenant.id);
      if (third === undefined || head === undefined) throw new Error("four entries were written");
      await harness().arrange.trail(tenant.id, entries.slice(0, 3));
      await harness().arrange.trailHead(tenant.id, { ...head, seq: third.seq, hash: third.hash });
      expect(await verify(tenant.id)).toMatchObject({ ok: false, firstBroken: 4 });
      await report(tenant.id);
      await report(tenant.id);
      expect(await verify(tenant.id)).toMatchObject({ ok: false, firstBroken: 4 });
    });

    test("a lost head for ever; state still changes, each change with its entry", async () => {
      const { tenant } = await givenTrail(4);
      await harness().arrange.trailHead(tenant.id, null);
      await changeAs(harness().store, tenant.id, (tx) => tx.write.tenants.setStatus(tenant.id, "cancelled"));
      expect(await trailOf(tenant.id)).toHaveLength(5);
      expect(await verify(tenant.id)).toMatchObject({ ok: false, head: { seq: 5 }, firstBroken: 5 });
    });

    test("a head that was set back over entries that are there, and the trail goes on behind them", async () => {
      const { tenant } = await givenTrail(2);
      const earlier = await headOf(tenant.id);
      await report(tenant.id);
      await harness().arrange.trailHead(tenant.id, earlier ?? null);
      expect(await verify(tenant.id)).toMatchObject({ ok: false, firstBroken: 3 });
      await report(tenant.id);
      expect(await verify(tenant.id)).toMatchObject({ ok: false, firstBroken: 4 });
    });
  });
});

const edited = (entries: readonly AuditEntry[], seq: number, change: Partial<AuditEntry>) =>
  entries.map((entry) => (entry.seq === seq ? { ...entry, ...change } : entry));
