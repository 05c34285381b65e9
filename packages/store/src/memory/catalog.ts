import type { Availability } from "@leftrail/contract";
import type { CatalogReads } from "../port/catalog.ts";
import type { CatalogProduct } from "../records.ts";
import { some } from "./constraint-checks.ts";
import { byText } from "./paging.ts";
import { inForceOf, type Snapshot } from "./snapshot.ts";
import type { CatalogRow, Tables } from "./tables.ts";

export function catalogReads(snapshot: () => Snapshot): CatalogReads {
  return {
    async find(product) {
      const { tables } = snapshot();
      const row = tables.catalogProducts.get(product);
      return row && catalogProductOf(tables, row);
    },
    async list(page) {
      return byText(catalogOf(snapshot().tables), (item) => item.product, page);
    },
    async listForTenant(tenantId, page) {
      const at = snapshot();
      const items = catalogOf(at.tables).map((item) => ({
        ...item,
        availability: availabilityOf(at, tenantId, item.product),
      }));
      return byText(items, (item) => item.product, page);
    },
  };
}

function availabilityOf(at: Snapshot, tenantId: string, product: string): Availability {
  const term = inForceOf(at, tenantId).find((row) => row.product === product);
  if (term !== undefined) return term.source === "trial" ? "trialing" : "entitled";
  const isRequested = some(
    at.tables.orders,
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
