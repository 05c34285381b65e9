import { announcementDelayMs, type AnnouncedReason, type Announcement } from "../port/announcements.ts";
import type { Sql } from "./client.ts";
import { inForceNow } from "./columns.ts";

/** Organizations that one announcement to all carries at a time. */
const organizationsPerStepMax = 500;

/** The SQL twin of announcementOf, for a statement with the rows `gone` that were taken out of the outbox. */
export const announceGone = (sql: Sql) => sql`
  insert into change_announcements (tenant_id, reason, due_at)
  select distinct case scope when 'org' then scope_id end, split_part(reason, '-', 1),
    now() + ${announcementDelayMs} * interval '1 millisecond'
  from gone
  where scope in ('org', 'catalog', 'all')
    and split_part(reason, '-', 1) in ('entitlement', 'override', 'tenant', 'product')`;

interface DueRow {
  readonly id: number;
  readonly tenantId: string | null;
  readonly afterTenantId: string | null;
  readonly reason: AnnouncedReason;
  readonly dueMicros: string;
}

type ProductRow = { readonly tenantId: string; readonly product: string };

export async function findAnnouncements(sql: Sql, limit: number): Promise<readonly Announcement[]> {
  const found = await sql<DueRow[]>`
    select id, tenant_id, after_tenant_id, reason,
      (extract(epoch from due_at) * 1000000)::bigint::text as due_micros
    from change_announcements where due_at <= now() order by id limit ${limit}`;
  // What several say to all is told once: by the last, with what is in force then.
  const unbegun = found.filter(({ tenantId, afterTenantId }) => tenantId === null && afterTenantId === null);
  const lastOf = new Map(unbegun.map(({ id, reason }) => [reason, id]));
  const superseded = unbegun.flatMap(({ id, reason }) => (lastOf.get(reason) === id ? [] : [id]));
  if (superseded.length > 0) {
    await sql`delete from change_announcements where id = any (${`{${superseded.join(",")}}`}::bigint[])`;
  }
  const due = found.filter(({ id }) => !superseded.includes(id));
  const named = due.flatMap(({ tenantId }) => tenantId ?? []);
  const products = named.length === 0 ? productsOf([]) : productsOf(await selectProducts(sql, named));
  const announcements: Announcement[] = [];
  let hasOneToAll = false;
  for (const row of due) {
    const key = `${row.id}:${row.dueMicros}`;
    const { id, reason, tenantId, afterTenantId } = row;
    if (tenantId !== null) {
      const organizations = [{ id: tenantId, products: products.get(tenantId) ?? [] }];
      announcements.push({ id, key, reason, organizations, nextAfter: null });
    } else if (!hasOneToAll) {
      // A step of one of these costs the most: the next one's turn comes when it is done.
      hasOneToAll = true;
      const next = productsOf(await selectNextProducts(sql, afterTenantId));
      const organizations = [...next].map(([organizationId, has]) => ({ id: organizationId, products: has }));
      const isLast = organizations.length < organizationsPerStepMax;
      const nextAfter = isLast ? null : (organizations.at(-1)?.id ?? null);
      announcements.push({ id, key, reason, organizations, nextAfter });
    }
  }
  return announcements;
}

const selectProducts = (sql: Sql, tenantIds: readonly string[]) => sql<ProductRow[]>`
  select distinct e.tenant_id, e.product from entitlements e
  where e.tenant_id = any (${`{${tenantIds.join(",")}}`}::uuid[]) and ${inForceNow(sql)}`;

/** Of the next tenants that have something in force. */
const selectNextProducts = (sql: Sql, afterTenantId: string | null) => sql<ProductRow[]>`
  with next as (
    select distinct e.tenant_id from entitlements e
    where ${inForceNow(sql)}
      and (${afterTenantId}::uuid is null or e.tenant_id > ${afterTenantId}::uuid)
    order by e.tenant_id limit ${organizationsPerStepMax}
  )
  select distinct e.tenant_id, e.product from entitlements e join next n on n.tenant_id = e.tenant_id
  where ${inForceNow(sql)} order by e.tenant_id`;

function productsOf(rows: readonly ProductRow[]): ReadonlyMap<string, readonly string[]> {
  const products = new Map<string, string[]>();
  for (const { tenantId, product } of rows) {
    const has = products.get(tenantId) ?? [];
    products.set(tenantId, has);
    has.push(product);
  }
  for (const has of products.values()) has.sort();
  return products;
}

export async function settleAnnouncement(sql: Sql, { id, nextAfter }: Announcement): Promise<void> {
  if (nextAfter === null) await sql`delete from change_announcements where id = ${id}`;
  else await sql`update change_announcements set after_tenant_id = ${nextAfter} where id = ${id}`;
}
