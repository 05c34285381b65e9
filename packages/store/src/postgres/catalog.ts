import { pageOf } from "../page.ts";
import type { CatalogProduct, CatalogProductForTenant } from "../records.ts";
import type { CatalogReads } from "../port/catalog.ts";
import type { Sql } from "./client.ts";
import { inForceNow } from "./columns.ts";

export function catalogReads(sql: Sql): CatalogReads {
  return {
    async find(product) {
      const [row] = await sql<CatalogProduct[]>`
        select ${catalogColumns(sql)} from ${catalogTables(sql)} where c.product = ${product}`;
      return row;
    },
    async list({ limit, after }) {
      const rows = await sql<CatalogProduct[]>`
        select ${catalogColumns(sql)} from ${catalogTables(sql)}
        where ${after === null ? sql`true` : sql`c.product > ${after}`}
        order by c.product limit ${limit + 1}`;
      return pageOf(rows, limit, (row) => row.product);
    },
    async listForTenant(tenantId, { limit, after }) {
      const rows = await sql<CatalogProductForTenant[]>`
        select ${catalogColumns(sql)}, case
            when term.source is not null and term.source <> 'trial' then 'entitled'
            when term.source = 'trial' then 'trialing'
            when exists (
              select 1 from orders o
              where o.tenant_id = ${tenantId} and o.product = c.product and o.status = 'requested'
            ) then 'requested'
            else 'available'
          end as availability
        from ${catalogTables(sql)}
        left join entitlements e on e.tenant_id = ${tenantId} and e.product = c.product and ${inForceNow(sql)}
        cross join lateral (select e.source) as term
        where ${after === null ? sql`true` : sql`c.product > ${after}`}
        order by c.product limit ${limit + 1}`;
      return pageOf(rows, limit, (row) => row.product);
    },
  };
}

const catalogColumns = (sql: Sql) => sql`
  c.product, c.name, c.description, c.trial_days, ${stripeProductJson(sql)} as stripe_product`;

const catalogTables = (sql: Sql) => sql`
  catalog_products c left join stripe_products s on s.id = c.stripe_product_id`;

/** The Stripe product joined as `s`, as one JSON value, or null. */
export const stripeProductJson = (sql: Sql) => sql`
  case when s.id is not null then
    jsonb_build_object('id', s.id, 'name', s.name, 'active', s.active, 'metadata', s.metadata)
  end`;
