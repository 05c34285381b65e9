import type { Instant } from "@leftrail/contract";
import type { Tables } from "../memory/tables.ts";
import type { Client } from "../postgres/client.ts";
import type { AuditEntry } from "../records.ts";

/**
 * All rows as plain data. Moments that an engine chose itself are shown as
 * present or absent only, and the audit entries apart from what hangs on them.
 */
export interface StoreDump {
  readonly rows: Readonly<Record<string, readonly unknown[]>>;
  readonly auditLog: readonly AuditEntry[];
  readonly auditHeads: readonly { tenantRef: string; seq: number; hash: string }[];
}

export function dumpMemory(tables: Tables): StoreDump {
  const { tenants, memberships, orders, entitlements, overrides, apiKeys } = tables;
  return {
    rows: normalised({ tenants, memberships, orders, entitlements, overrides, apiKeys }),
    auditLog: sortedTrail([...tables.auditLog.values()]),
    auditHeads: sortedHeads(
      [...tables.auditHeads].map(([tenantRef, { seq, hash }]) => ({ tenantRef, seq, hash })),
    ),
  };
}

export async function dumpPostgres(sql: Client): Promise<StoreDump> {
  const [tenants, memberships, orders, entitlements, overrides, apiKeys] = await Promise.all([
    sql`select * from tenants`,
    sql`select * from memberships`,
    sql`select * from orders`,
    sql`select * from entitlements`,
    sql`select * from product_access_overrides`,
    sql`select * from api_keys`,
  ]);
  const auditLog = await sql<AuditEntry[]>`select * from audit_log`;
  const auditHeads = await sql<{ tenantRef: string; seq: number; hash: string }[]>`
    select tenant_ref, seq, hash from audit_heads`;
  return {
    rows: normalised({ tenants, memberships, orders, entitlements, overrides, apiKeys }),
    auditLog: sortedTrail([...auditLog]),
    auditHeads: sortedHeads([...auditHeads]),
  };
}

type Row = Readonly<Record<string, unknown>>;
type Rows = readonly object[] | ReadonlyMap<string, object>;

const stampColumns = new Set([
  "createdAt",
  "updatedAt",
  "activatedAt",
  "cancelledAt",
  "decidedAt",
  "revokedAt",
  "lastUsedAt",
]);

const normalised = (tables: Readonly<Record<string, Rows>>): StoreDump["rows"] =>
  Object.fromEntries(
    Object.entries(tables).map(([name, rows]) => [
      name,
      [...rows.values()].map((row) => normalisedRow({ ...row })).toSorted(byJson),
    ]),
  );

function normalisedRow(row: Row): Row {
  const entries = Object.entries(row).map(([column, value]): [string, unknown] => [
    column,
    stampColumns.has(column) ? value !== null : value,
  ]);
  const { startsAt, endsAt, expiresAt } = row;
  if (typeof expiresAt === "string") entries.push(["expiresAt", chosenMoment(expiresAt)]);
  const term =
    typeof startsAt === "string" ? { startsAt: chosenMoment(startsAt), endsAt: span(startsAt, endsAt) } : {};
  return Object.fromEntries([...entries, ...Object.entries(term)].toSorted(byJson));
}

const chosenMoment = (moment: string): string => (isEnginesOwn(moment) ? "now" : moment);

const span = (startsAt: string, endsAt: unknown): unknown => {
  if (typeof endsAt !== "string" || !isEnginesOwn(endsAt)) return endsAt;
  if (!isEnginesOwn(startsAt)) return "now";
  return `start + ${Math.round((Date.parse(endsAt) - Date.parse(startsAt)) / 86_400_000)} days`;
};

const byJson = (a: unknown, b: unknown): number => {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : Number(left > right);
};

const sortedTrail = (entries: AuditEntry[]): AuditEntry[] =>
  entries.toSorted(
    (a, b) => (a.tenantRef < b.tenantRef ? -1 : Number(a.tenantRef > b.tenantRef)) || a.seq - b.seq,
  );

const sortedHeads = <T extends { tenantRef: string }>(heads: T[]): T[] =>
  heads.toSorted((a, b) => (a.tenantRef < b.tenantRef ? -1 : Number(a.tenantRef > b.tenantRef)));

const ownMomentDaysMax = 30;

/**
 * True for a moment that the engine took from its clock, or that follows from one:
 * tests that compare engines choose theirs in other years.
 */
export const isEnginesOwn = (moment: string): boolean =>
  Math.abs(Date.parse(moment) - Date.now()) < ownMomentDaysMax * 86_400_000;

/** A moment of test data. */
export const at = (seconds: string): Instant => `${seconds}.000000Z` as Instant;
