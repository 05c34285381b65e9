import { z } from "zod";
import { productKeySchema, timestampSchema, uuidSchema } from "./scalars.ts";
import {
  availabilitySchema,
  entitlementSourceSchema,
  entitlementStatusSchema,
  orderKindSchema,
  orderStatusSchema,
} from "./states.ts";

const idSchema = z.string().meta({ format: "uuid" });

/** A product on offer; `availability` is there when the catalog was asked for one tenant. */
export const catalogItemSchema = z
  .strictObject({
    product: z.string(),
    name: z.string(),
    description: z.string(),
    features: z.array(z.string()),
    trial_days: z.int().nullable(),
    availability: availabilitySchema.optional(),
  })
  .meta({ id: "CatalogItem" });
export type CatalogItem = z.infer<typeof catalogItemSchema>;

export const orderBodySchema = z
  .strictObject({
    id: idSchema,
    tenant_id: idSchema,
    product: z.string(),
    kind: orderKindSchema,
    status: orderStatusSchema,
    requested_by: idSchema,
    note: z.string().nullable(),
    created_at: timestampSchema,
    decided_at: timestampSchema.nullable(),
  })
  .meta({ id: "Order" });
export type OrderBody = z.infer<typeof orderBodySchema>;

/** What a tenant may use, and for how long; `ends_at` is exclusive, null is open. */
export const entitlementBodySchema = z
  .strictObject({
    id: idSchema,
    tenant_id: idSchema,
    product: z.string(),
    source: entitlementSourceSchema,
    status: entitlementStatusSchema,
    starts_at: timestampSchema,
    ends_at: timestampSchema.nullable(),
    order_id: idSchema.nullable(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
  })
  .meta({ id: "Entitlement" });
export type EntitlementBody = z.infer<typeof entitlementBodySchema>;

/** `POST /v1/catalog/trial-request` */
export const trialRequestInputSchema = z
  .strictObject({ tenant_id: uuidSchema, product: productKeySchema })
  .meta({ id: "TrialRequest" });
export type TrialRequestInput = z.infer<typeof trialRequestInputSchema>;

export const trialBodySchema = z
  .strictObject({ order: orderBodySchema, entitlement: entitlementBodySchema })
  .meta({ id: "Trial" });
export type TrialBody = z.infer<typeof trialBodySchema>;

/** Longest free text of a note or a reason, in characters. */
export const noteLengthMax = 2000;

/** `POST /v1/catalog/request` */
export const productRequestInputSchema = z
  .strictObject({
    tenant_id: uuidSchema,
    product: productKeySchema,
    note: z.string().max(noteLengthMax).nullable().optional(),
  })
  .meta({ id: "ProductRequest" });
export type ProductRequestInput = z.infer<typeof productRequestInputSchema>;
