import type { Availability } from "@leftrail/contract";
import { newestPositionOf, pageOf } from "../page.ts";
import type { CatalogProduct, NewestPosition, Page, PageRequest, TenantView } from "../records.ts";
import type { CatalogReads, EntitlementReads, Reads, TenantReads } from "../store.ts";
import { heldOn } from "./access.ts";
import { sidebarReads } from "./sidebar.ts";
import { compareText, entitlementOf, inForceOf, type Snapshot } from "./snapshot.ts";
import type { CatalogRow, Tables } from "./tables.ts";

/** Every read takes one snapshot, as one SQL statement does. */
export const readsOf = (snapshot: () => Snapshot): Reads => ({
  sidebar: sidebarReads(snapshot),
  tenants: tenantReads(snapshot),
  catalog: catalogReads(snapshot),
  entitlements: entitlementReads(snapshot),
});

function tenantReads(snapshot: () => Snapshot): TenantReads {
  return {
    async find(by, viewer): Promise<TenantView | undefined> {
      const { tables } = snapshot();
      const tenant =
        "id" in by
          ? tables.tenants.get(by.id)
          : [...tables.tenants.values()].find(({ slug }) => slug === by.slug);
      if (tenant === undefined) return undefined;
      const held = heldOn(tables, tenant, viewer.userId);
      if (held === undefined && !viewer.isPlatformAdmin) return undefined;
      return { tenant, role: held?.role ?? null, isTenantAdmin: held?.isTenantAdmin ?? false };
    },
    async list({ viewer, status }, page) {
      const { tables } = snapshot();
      const seen = [...tables.tenants.values()].filter(
        (tenant) =>
          (status === null || tenant.status === status) &&
          (viewer.isPlatformAdmin || heldOn(tables, tenant, viewer.userId) !== undefined),
      );
      return newestFirst(seen, page);
    },
  };
}

function catalogReads(snapshot: () => Snapshot): CatalogReads {
  return {
    async find(product) {
      const { tables } = snapshot();
      const row = tables.catalogProducts.get(product);
      return row && catalogProductOf(tables, row);
    },
    async list(page) {
      const { tables } = snapshot();
      return byProduct(catalogOf(tables), page);
    },
    async listForTenant(tenantId, page) {
      const at = snapshot();
      const items = catalogOf(at.tables).map((item) => ({
        ...item,
        availability: availabilityOf(at, tenantId, item.product),
      }));
      return byProduct(items, page);
    },
  };
}

function entitlementReads(snapshot: () => Snapshot): EntitlementReads {
  return {
    async list(tenantId, page) {
      const { tables, now } = snapshot();
      const own = [...tables.entitlements.values()].filter((row) => row.tenantId === tenantId);
      return newestFirst(
        own.map((row) => entitlementOf(row, now)),
        page,
      );
    },
  };
}

function availabilityOf(at: Snapshot, tenantId: string, product: string): Availability {
  const term = inForceOf(at, tenantId).find((row) => row.product === product);
  if (term !== undefined) return term.source === "trial" ? "trialing" : "entitled";
  const isRequested = [...at.tables.orders.values()].some(
    (order) => order.tenantId === tenantId && order.product === product && order.status === "requested",
  );
  return isRequested ? "requested" : "available";
}

const catalogOf = (tables: Tables): readonly CatalogProduct[] =>
  [...tables.catalogProducts.values()].map((row) => catalogProductOf(tables, row));

function catalogProductOf(tables: Tables, row: CatalogRow): CatalogProduct {
  const { stripeProductId, ...product } = row;
  const stripeProduct =
    stripeProductId === null ? null : (tables.stripeProducts.get(stripeProductId) ?? null);
  return { ...product, stripeProduct };
}

function byProduct<T extends { readonly product: string }>(
  items: readonly T[],
  { limit, after }: PageRequest<string>,
): Page<T, string> {
  const rows = items
    .filter(({ product }) => after === null || compareText(product, after) > 0)
    .toSorted((a, b) => compareText(a.product, b.product));
  return pageOf(rows.slice(0, limit + 1), limit, (row) => row.product);
}

function newestFirst<T extends NewestPosition>(
  items: readonly T[],
  { limit, after }: PageRequest<NewestPosition>,
): Page<T, NewestPosition> {
  const rows = items
    .filter((row) => after === null || compareAge(row, after) > 0)
    .toSorted(compareAge)
    .slice(0, limit + 1);
  return pageOf(rows, limit, newestPositionOf);
}

const compareAge = (a: NewestPosition, b: NewestPosition): number =>
  compareText(b.createdAt, a.createdAt) || compareText(b.id, a.id);
