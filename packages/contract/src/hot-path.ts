import { z } from "zod";
import { timestampSchema } from "./scalars.ts";
import {
  entitlementStatusSchema,
  orderKindSchema,
  orderStatusSchema,
  roleSchema,
  tenantStatusSchema,
} from "./states.ts";

const idSchema = z.string().meta({ format: "uuid" });

/** A tenant as the left rail shows it. `role` is null for who sees it only through an ancestor. */
export const organizationSchema = z.strictObject({
  id: idSchema,
  slug: z.string(),
  name: z.string(),
  status: tenantStatusSchema,
  parentOrganizationId: idSchema.nullable(),
  accessType: z.enum(["member", "parent_admin"]),
  role: roleSchema.nullable(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
});
export type Organization = z.infer<typeof organizationSchema>;

/** `GET /v1/organizations` */
export const organizationsBodySchema = z
  .strictObject({ organizations: z.array(organizationSchema) })
  .meta({ id: "Organizations" });
export type OrganizationsBody = z.infer<typeof organizationsBodySchema>;

/** `GET /v1/organizations/:org_id/features` */
export const featuresBodySchema = z.strictObject({ features: z.array(z.string()) }).meta({ id: "Features" });
export type FeaturesBody = z.infer<typeof featuresBodySchema>;

/** `?explain=1` */
export const featuresQuerySchema = z.object({ explain: z.literal("1").optional() });

/** `GET /v1/organizations/:org_id/features?explain=1`: every feature that a rule spoke about, with the first that did. */
export const explainedFeaturesBodySchema = featuresBodySchema
  .extend({
    explain: z.record(
      z.string(),
      z.strictObject({
        enabled: z.boolean(),
        rule: z.enum(["override", "default", "internal", "entitlement"]),
        source: z.strictObject({ type: z.enum(["override", "entitlement"]), id: idSchema }).nullable(),
      }),
    ),
  })
  .meta({ id: "ExplainedFeatures" });
export type ExplainedFeaturesBody = z.infer<typeof explainedFeaturesBodySchema>;

/** One entitlement of an organization, with the order and the Stripe product behind it. */
export const organizationProductSchema = z.strictObject({
  id: idSchema,
  organizationId: idSchema,
  product: z.string(),
  name: z.string(),
  status: entitlementStatusSchema,
  startsAt: timestampSchema,
  endsAt: timestampSchema.nullable(),
  order: z
    .strictObject({
      id: idSchema,
      kind: orderKindSchema,
      status: orderStatusSchema,
      createdAt: timestampSchema,
    })
    .nullable(),
  stripeProduct: z
    .strictObject({
      id: z.string(),
      name: z.string(),
      active: z.boolean(),
      metadata: z.record(z.string(), z.unknown()),
    })
    .nullable(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
});
export type OrganizationProduct = z.infer<typeof organizationProductSchema>;

/** `GET /v1/organizations/:org_id/products` */
export const productsBodySchema = z
  .strictObject({ products: z.array(organizationProductSchema) })
  .meta({ id: "Products" });
export type ProductsBody = z.infer<typeof productsBodySchema>;
