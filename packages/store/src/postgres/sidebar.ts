import type { Role } from "@leftrail/contract";
import type { Entitlement, StripeProduct, Tenant, Viewer } from "../records.ts";
import type {
  ExplainableSources,
  FeatureSources,
  SidebarOrganization,
  SidebarProduct,
  SidebarProducts,
  SidebarReads,
} from "../sidebar.ts";
import { heldBy, lineageOf, reachOf, seenThroughLineage } from "./access.ts";
import { boundariesOfTenant, entitlementBoundary, millisecondsUntil } from "./boundaries.ts";
import { stripeProductJson } from "./catalog.ts";
import { instantFromPostgres, type Sql } from "./client.ts";
import { entitlementColumns, inForceNow, tenantColumns } from "./columns.ts";

export const sidebarReads = (sql: Sql): SidebarReads => ({
  organizations: (userId) => findOrganizations(sql, userId),
  featureSources: (organizationId, userId) => findFeatureSources(sql, organizationId, userId),
  products: (organizationId, userId) => findProducts(sql, organizationId, userId),
  explainableSources: (organizationId, viewer) => findExplainableSources(sql, organizationId, viewer),
});

async function findOrganizations(sql: Sql, userId: string): Promise<readonly SidebarOrganization[]> {
  const rows = await sql<(Tenant & { viewerRole: Role | null })[]>`
    with recursive ${reachOf(sql, userId)}
    select ${tenantColumns(sql)}, r.role as viewer_role
    from reach r join tenants t on t.id = r.id
    order by t.slug`;
  return rows.map(({ viewerRole, ...tenant }) => ({ tenant, role: viewerRole }));
}

async function findFeatureSources(
  sql: Sql,
  organizationId: string,
  userId: string,
): Promise<FeatureSources | undefined> {
  const [sources] = await sql<FeatureSources[]>`
    with recursive ${lineageOf(sql, organizationId)}
    select ${sourcesColumns(sql)}
    from tenants t
    where t.id = ${organizationId} and ${seenThroughLineage(sql, userId)}`;
  return sources;
}

async function findExplainableSources(
  sql: Sql,
  organizationId: string,
  viewer: Viewer,
): Promise<ExplainableSources | undefined> {
  const [row] = await sql<(FeatureSources & { viewerAdmin: boolean })[]>`
    with recursive ${lineageOf(sql, organizationId)}, ${heldBy(sql, viewer.userId)}
    select ${sourcesColumns(sql)},
      exists (select 1 from held where role in ('owner', 'admin')) as viewer_admin
    from tenants t
    where t.id = ${organizationId} and (${viewer.isPlatformAdmin} or exists (select 1 from held))`;
  if (row === undefined) return undefined;
  const { viewerAdmin, ...sources } = row;
  return { sources, isTenantAdmin: viewerAdmin };
}

/** All that decides the features of the tenant `t`, as of now. */
const sourcesColumns = (sql: Sql) => sql`
  t.status as tenant_status,
  coalesce((
    select jsonb_agg(jsonb_build_object('id', v.id, 'targetType', v.target_type, 'target', v.target,
      'effect', v.effect, 'stripeProduct', ${stripeProductJson(sql)}))
    from product_access_overrides v
    left join catalog_products c on v.target_type = 'product' and c.product = v.target
    left join stripe_products s on s.id = c.stripe_product_id
    where v.tenant_id = t.id and v.active and (v.expires_at is null or v.expires_at > now())
  ), '[]') as overrides,
  coalesce((
    select jsonb_agg(jsonb_build_object('id', e.id, 'product', e.product,
      'stripeProduct', ${stripeProductJson(sql)}))
    from entitlements e
    join catalog_products c on c.product = e.product
    left join stripe_products s on s.id = c.stripe_product_id
    where e.tenant_id = t.id and ${inForceNow(sql)}
  ), '[]') as entitlements,
  (
    select ${millisecondsUntil(sql, sql`min(b.moment)`)} from (${boundariesOfTenant(sql)}) b
  ) as ends_in_ms`;

type ProductRow = Entitlement & {
  readonly name: string;
  /** JSON: its time is not parsed by the client. */
  readonly orderBehind:
    | (Omit<NonNullable<SidebarProduct["order"]>, "createdAt"> & { createdAt: string })
    | null;
  readonly stripeProduct: StripeProduct | null;
};

async function findProducts(
  sql: Sql,
  organizationId: string,
  userId: string,
): Promise<SidebarProducts | undefined> {
  // The left join keeps one row of nulls for an organization that is seen but has nothing.
  const rows = await sql<((ProductRow | { id: null }) & { endsInMs: number | null })[]>`
    with recursive ${lineageOf(sql, organizationId)}
    select ${entitlementColumns(sql)}, c.name, ${stripeProductJson(sql)} as stripe_product,
      case when o.id is not null then jsonb_build_object(
        'id', o.id, 'kind', o.kind, 'status', o.status, 'createdAt', o.created_at) end as order_behind,
      ${millisecondsUntil(sql, sql`min(${entitlementBoundary(sql)}) over ()`)} as ends_in_ms
    from tenants t
    left join entitlements e on e.tenant_id = t.id
    left join catalog_products c on c.product = e.product
    left join stripe_products s on s.id = c.stripe_product_id
    left join orders o on o.id = e.order_id
    where t.id = ${organizationId} and ${seenThroughLineage(sql, userId)}
    order by e.product, e.id`;
  const [first] = rows;
  if (first === undefined) return undefined;
  const entitled = rows.flatMap(({ endsInMs: _endsInMs, ...row }) => (row.id === null ? [] : [row]));
  return { products: entitled.map(toSidebarProduct), endsInMs: first.endsInMs };
}

function toSidebarProduct({ name, orderBehind, stripeProduct, ...entitlement }: ProductRow): SidebarProduct {
  const order =
    orderBehind === null ? null : { ...orderBehind, createdAt: instantFromPostgres(orderBehind.createdAt) };
  return { entitlement, name, order, stripeProduct };
}
