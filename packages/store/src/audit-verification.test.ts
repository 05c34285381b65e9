import { toInstant } from "@leftrail/contract";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { auditColumns, chainEntry, continuedFrom, emptyHead, type AuditHead } from "./audit-chain.ts";
import { chainStart, checkEntries, concludeChain, verifyTrail } from "./audit-verification.ts";
import { createKeyRing, type KeyRing } from "./key-ring.ts";
import type { StoredAuditHead, TrailState } from "./port/audit.ts";
import type { AuditEntry } from "./records.ts";

const tenantRef = randomUUID();
const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
const oldRing = createKeyRing(new Map([["old", oldKey]]));
const ring = createKeyRing(
  new Map([
    ["new", newKey],
    ["old", oldKey],
  ]),
);

interface Trail {
  readonly entries: readonly AuditEntry[];
  readonly head: StoredAuditHead | undefined;
}

/** A trail of `count` entries, and the head after each of them. */
function written(count: number, by: KeyRing = ring, before: AuditHead = emptyHead) {
  const entries: AuditEntry[] = [];
  const heads: StoredAuditHead[] = [];
  for (let n = 0; n < count; n++) {
    const columns = auditColumns(
      { type: "user", userId: randomUUID(), requestId: `r-${n}`, ip: "127.0.0.1" },
      {
        tenantId: tenantRef,
        product: "ai-chat",
        action: "note.added",
        targetType: "note",
        targetId: `n-${n}`,
        metadata: { n, nested: { text: "é" } },
        occurredAt: toInstant("2026-01-01T00:00:00.000000Z"),
      },
      toInstant(`2026-01-02T00:00:00.00000${n}Z`),
    );
    const { seq, hash, keyId, mac } = chainEntry(by, heads.at(-1) ?? before, columns);
    entries.push({ ...columns, tenantId: tenantRef, seq, hash, keyId });
    heads.push({ seq, hash, mac, keyId });
  }
  return { entries, heads, head: last(heads) };
}

function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error("there is none");
  return item;
}

const verified = ({ entries, head }: Trail, by: KeyRing = ring, isLiving = true) =>
  concludeChain(by, tenantRef, {
    progress: checkEntries(by, tenantRef, chainStart, entries),
    head,
    isLiving,
  });

const edited = (entries: readonly AuditEntry[], seq: number, change: Partial<AuditEntry>) =>
  entries.map((entry) => (entry.seq === seq ? { ...entry, ...change } : entry));

const five = written(5);

test("what was written holds, whatever key of the ring wrote it", () => {
  const { seq, hash } = five.head;
  expect(verified(five)).toEqual({ ok: true, checked: 5, head: { seq, hash }, firstBroken: null });
  const first = written(2, oldRing);
  const second = written(2, ring, first.head);
  const rotated = { entries: [...first.entries, ...second.entries], head: second.head };
  expect(verified(rotated)).toMatchObject({ ok: true, checked: 4 });
});

test("no trail holds, without a head", () => {
  expect(verified({ entries: [], head: undefined })).toEqual({
    ok: true,
    checked: 0,
    head: null,
    firstBroken: null,
  });
});

test("an entry whose key is not in the ring does not hold", () => {
  const lost = written(2, oldRing);
  expect(verified(lost, createKeyRing(new Map([["new", newKey]])))).toMatchObject({
    ok: false,
    firstBroken: 1,
  });
});

const edits: readonly Partial<AuditEntry>[] = [
  { id: randomUUID() },
  { tenantId: randomUUID() },
  { tenantId: null },
  { tenantRef: randomUUID() },
  { product: null },
  { actorType: "service" },
  { actorId: randomUUID() },
  { action: "note.removed" },
  { targetType: null },
  { targetId: "n-9" },
  { metadata: { n: 2, nested: { text: "e" } } },
  { metadata: { n: 2, nested: { text: "\ud800" } } },
  { metadata: { n: Infinity, nested: { text: "é" } } },
  { ip: null },
  { requestId: "r" },
  { occurredAt: null },
  { createdAt: toInstant("2026-01-02T00:00:00.000009Z") },
  { seq: 9 },
  { hash: "0".repeat(64) },
  { keyId: "old" },
  { keyId: "none" },
];

test.each(edits)("an edit is found at its entry: %j", (change) => {
  expect(verified({ ...five, entries: edited(five.entries, 3, change) })).toMatchObject({
    ok: false,
    firstBroken: 3,
  });
});

test("every column of an entry is among those edits", () => {
  const columns = new Set(edits.flatMap((change) => Object.keys(change)));
  expect([...columns].toSorted()).toEqual(Object.keys(five.entries[0] ?? {}).toSorted());
});

test("entries without their tenant_id hold once the tenant is deleted", () => {
  const orphaned = five.entries.map((entry) => ({ ...entry, tenantId: null }));
  expect(verified({ ...five, entries: orphaned }, ring, false)).toMatchObject({ ok: true });
});

describe("what is found:", () => {
  const { entries, head, heads } = five;
  const without = (seq: number) => entries.filter((entry) => entry.seq !== seq);
  const byHand = written(1, createKeyRing(new Map([["new", randomBytes(32)]])), head);
  const skipping = written(1, ring, { seq: 6, hash: head.hash });
  const withOneMore = [...entries, ...byHand.entries];
  const cases: readonly (readonly [string, Trail, number])[] = [
    ["the first entry removed", { entries: without(1), head }, 1],
    ["one removed in the middle", { entries: without(3), head }, 3],
    [
      "one removed, those after it moved up",
      { entries: without(3).map((e, n) => ({ ...e, seq: n + 1 })), head },
      3,
    ],
    ["two swapped", { entries: swapped(3, 4), head }, 3],
    ["one twice", { entries: [...entries.slice(0, 3), ...entries.slice(2)], head }, 4],
    ["a cut tail", { entries: without(5), head }, 5],
    [
      "a cut tail, the head set back without the pepper",
      { entries: without(5), head: { ...head, ...positionOf(4) } },
      5,
    ],
    ["everything cut but the head", { entries: [], head }, 1],
    ["the head removed", { entries, head: undefined }, 6],
    ["the head's MAC altered", { entries, head: { ...head, mac: "0" } }, 6],
    ["the head's key unknown", { entries, head: { ...head, keyId: "none" } }, 6],
    ["a genuine earlier head over all entries", { entries, head: heads[2] }, 4],
    [
      "a number left out, by whoever has the pepper",
      { entries: [...entries, ...skipping.entries], head: skipping.head },
      6,
    ],
    ["an entry appended by hand", { entries: withOneMore, head }, 6],
    ["an entry appended by hand, with a head", { entries: withOneMore, head: byHand.head }, 6],
  ];
  test.each(cases)("%s", (_title, trail, firstBroken) => {
    expect(verified(trail)).toMatchObject({ ok: false, firstBroken });
  });

  function swapped(one: number, two: number): readonly AuditEntry[] {
    const other = (seq: number) => (seq === one ? two : seq === two ? one : seq);
    return entries
      .map((entry) => ({ ...entry, seq: other(entry.seq) }))
      .toSorted((left, right) => left.seq - right.seq);
  }

  function positionOf(count: number): AuditHead {
    const { seq, hash } = last(heads.slice(0, count));
    return { seq, hash };
  }
});

describe("an append", () => {
  const appended = ({ entries, head }: Trail): Trail => {
    const from = continuedFrom(ring, tenantRef, { head, lastSeq: entries.at(-1)?.seq ?? 0 });
    const next = written(1, ring, from);
    return { entries: [...entries, ...next.entries], head: next.head };
  };

  test("goes on where the trail holds", () => {
    expect(verified(appended(appended(five)))).toMatchObject({ ok: true, checked: 7 });
  });

  const { entries, head } = five;
  test.each<[string, Trail, number]>([
    ["a cut tail", { entries: entries.slice(0, 4), head }, 5],
    [
      "a cut tail whose head was set back",
      { entries: entries.slice(0, 4), head: { ...head, seq: 4, hash: entries[3]?.hash ?? "" } },
      5,
    ],
    ["a head that was removed", { entries, head: undefined }, 6],
    ["a head that was set back", { entries, head: { ...head, seq: 3 } }, 6],
    ["a head that was set forward", { entries, head: { ...head, seq: 9 } }, 6],
  ])("behind %s mends nothing", (_title, trail, firstBroken) => {
    expect(verified(appended(appended(trail)))).toMatchObject({ ok: false, firstBroken });
  });

  test("without the head's key is refused, for that can be put right", () => {
    const state = { head: { ...head, keyId: "gone" }, lastSeq: 5 };
    expect(() => continuedFrom(ring, tenantRef, state)).toThrow('without the key "gone"');
  });
});

test("what is appended or deleted during the walk is no finding", async () => {
  const many = written(9);
  let visible = 5;
  /** Each read finds one more entry, and all but the first the tenant gone. */
  const trail = {
    async chain(_tenantRef: string, afterSeq: number, limit: number) {
      visible += 1;
      const entries = many.entries.map((entry) => ({ ...entry, tenantId: null }));
      return entries.slice(afterSeq, visible).slice(0, Math.min(limit, 2));
    },
    async state(): Promise<TrailState> {
      const isTenantLiving = visible === 5;
      return { head: many.heads[visible - 1], lastSeq: visible, isTenantLiving };
    },
  };
  expect(await verifyTrail(trail, ring, tenantRef)).toEqual({
    ok: true,
    checked: 5,
    head: { seq: 5, hash: many.heads[4]?.hash },
    firstBroken: null,
  });
});
