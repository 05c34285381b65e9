import { hash } from "node:crypto";
import { toInstant } from "@leftrail/contract";
import { builtInRules } from "@leftrail/features";
import type { Loaded } from "@leftrail/read-cache";
import { createLogger, createMetrics } from "@leftrail/service";
import type {
  Entitlement,
  FeatureSources,
  SidebarOrganization,
  SidebarProduct,
  Tenant,
} from "@leftrail/store";
import { expect, test } from "vitest";
import { createFeatureMetrics } from "../metrics/feature-metrics.ts";
import { answersDigest } from "./answers-version.ts";
import { loadFeatures } from "./load-features.ts";
import { loadOrganizations } from "./load-organizations.ts";
import { loadProducts } from "./load-products.ts";

test("the same rows give the bytes of this version: with other bytes, raise answersVersion and note their digest", async () => {
  const bodies = [
    await loadOrganizations({ ctx: { sidebar }, input: { userId } }),
    await loadFeatures({ ctx, input: { organizationId: acme.id, userId, isInternal: false } }),
    await loadFeatures({ ctx, input: { organizationId: acme.id, userId, isInternal: true } }),
    await loadProducts({ ctx: { sidebar }, input: { organizationId: acme.id, userId } }),
  ].map(bodyOf);
  expect(hash("sha256", bodies.join("\n"))).toBe(answersDigest);
});

const bodyOf = (loaded: Loaded): string => (loaded.kind === "found" ? loaded.body : "absent");

const id = (n: number): string => `0192f3a4-7b1c-7def-8a9b-${String(n).padStart(12, "0")}`;
const day = (n: number) => toInstant(`2026-01-0${n}T12:00:00.123456Z`);
const userId = id(1);

const tenant = (n: number, fields: Partial<Tenant>): Tenant => ({
  id: id(n),
  slug: `tenant-${n}`,
  name: `Tenant ${n}`,
  status: "active",
  parentTenantId: null,
  createdAt: day(1),
  updatedAt: day(2),
  activatedAt: day(2),
  cancelledAt: null,
  ...fields,
});
const acme = tenant(2, { slug: "acme", name: 'Ácme "é" \u2028 & <Söhne>', parentTenantId: id(3) });

const organizations: readonly SidebarOrganization[] = [
  { tenant: acme, role: "member" },
  { tenant: tenant(3, { status: "pending", activatedAt: null }), role: null },
];

const stripeProduct = {
  id: "prod_1",
  name: "Chat",
  active: true,
  metadata: { features: '["extra","chat"]' },
};

const features: FeatureSources = {
  tenantStatus: "active",
  overrides: [
    { id: id(4), targetType: "feature", target: "dashboard", effect: "deny", stripeProduct: null },
    { id: id(5), targetType: "product", target: "change-radar", effect: "grant", stripeProduct: null },
  ],
  entitlements: [{ id: id(6), product: "ai-chat", stripeProduct }],
  endsInMs: 1_000,
};

const entitlement = (n: number, fields: Partial<Entitlement>): Entitlement => ({
  id: id(n),
  tenantId: acme.id,
  product: "ai-chat",
  source: "purchase",
  status: "active",
  startsAt: day(3),
  endsAt: null,
  orderId: null,
  createdAt: day(4),
  updatedAt: day(5),
  ...fields,
});

const products: readonly SidebarProduct[] = [
  {
    entitlement: entitlement(6, { orderId: id(7) }),
    name: "AI Chat",
    order: { id: id(7), kind: "request", status: "fulfilled", createdAt: day(3) },
    stripeProduct,
  },
  {
    entitlement: entitlement(8, { product: "change-radar", status: "expired", endsAt: day(6) }),
    name: "Change Radar",
    order: null,
    stripeProduct: null,
  },
];

const sidebar = {
  organizations: async () => organizations,
  featureSources: async () => features,
  products: async () => ({ products, endsInMs: null }),
};

const ctx = {
  sidebar,
  rules: builtInRules,
  logger: createLogger({ level: "silent", name: "test" }),
  featureMetrics: createFeatureMetrics(createMetrics().registry),
};
