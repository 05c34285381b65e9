import type { StripeProduct, Tenant } from "../records.ts";
import type { FeatureSources, SidebarProduct, SidebarReads } from "../sidebar.ts";
import { heldOn } from "./access.ts";
import { entitlementsEndInMs, featuresEndInMs } from "./boundaries.ts";
import { compareText, entitlementOf, inForceOf, type Snapshot } from "./snapshot.ts";
import type { EntitlementRow, Tables } from "./tables.ts";

export function sidebarReads(snapshot: () => Snapshot): SidebarReads {
  return {
    async organizations(userId) {
      const { tables } = snapshot();
      return [...tables.tenants.values()]
        .flatMap((tenant) => {
          const held = heldOn(tables, tenant, userId);
          return held === undefined ? [] : [{ tenant, role: held.role }];
        })
        .toSorted((a, b) => compareText(a.tenant.slug, b.tenant.slug));
    },

    async featureSources(organizationId, userId) {
      const at = snapshot();
      const tenant = seenTenant(at.tables, organizationId, userId);
      return tenant && sourcesOf(at, tenant);
    },

    async products(organizationId, userId) {
      const at = snapshot();
      const { tables, now } = at;
      const tenant = seenTenant(tables, organizationId, userId);
      if (tenant === undefined) return undefined;
      const products = [...tables.entitlements.values()]
        .filter((row) => row.tenantId === tenant.id)
        .toSorted((a, b) => compareText(a.product, b.product) || compareText(a.id, b.id))
        .map((row) => ({ entitlement: entitlementOf(row, now), ...behind(tables, row) }));
      return { products, endsInMs: entitlementsEndInMs(at, tenant.id) };
    },

    async explainableSources(organizationId, { userId, isPlatformAdmin }) {
      const at = snapshot();
      const tenant = at.tables.tenants.get(organizationId);
      if (tenant === undefined) return undefined;
      const held = heldOn(at.tables, tenant, userId);
      if (held === undefined && !isPlatformAdmin) return undefined;
      return { sources: sourcesOf(at, tenant), isTenantAdmin: held?.isTenantAdmin ?? false };
    },
  };
}

function sourcesOf(at: Snapshot, tenant: Tenant): FeatureSources {
  const live = [...at.tables.overrides.values()].filter(
    ({ tenantId, active, expiresAt }) =>
      tenantId === tenant.id && active && (expiresAt === null || expiresAt > at.now),
  );
  return {
    tenantStatus: tenant.status,
    overrides: live.map(({ id, targetType, target, effect }) => ({
      id,
      targetType,
      target,
      effect,
      stripeProduct: targetType === "product" ? stripeProductOf(at.tables, target) : null,
    })),
    entitlements: inForceOf(at, tenant.id).map(({ id, product }) => ({
      id,
      product,
      stripeProduct: stripeProductOf(at.tables, product),
    })),
    endsInMs: featuresEndInMs(at, tenant.id),
  };
}

function seenTenant(tables: Tables, organizationId: string, userId: string): Tenant | undefined {
  const tenant = tables.tenants.get(organizationId);
  return tenant !== undefined && heldOn(tables, tenant, userId) !== undefined ? tenant : undefined;
}

function behind(tables: Tables, row: EntitlementRow): Omit<SidebarProduct, "entitlement"> {
  const order = row.orderId === null ? undefined : tables.orders.get(row.orderId);
  return {
    name: tables.catalogProducts.get(row.product)?.name ?? row.product,
    order:
      order === undefined
        ? null
        : { id: order.id, kind: order.kind, status: order.status, createdAt: order.createdAt },
    stripeProduct: stripeProductOf(tables, row.product),
  };
}

function stripeProductOf(tables: Tables, product: string): StripeProduct | null {
  const id = tables.catalogProducts.get(product)?.stripeProductId ?? null;
  return id === null ? null : (tables.stripeProducts.get(id) ?? null);
}
