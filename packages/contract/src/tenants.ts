import { z } from "zod";
import { nameSchema, slugSchema, timestampSchema, uuidSchema } from "./scalars.ts";
import { tenantStatusSchema } from "./states.ts";

const idSchema = z.string().meta({ format: "uuid" });

/** A tenant as the control plane shows it. */
export const tenantBodySchema = z
  .strictObject({
    id: idSchema,
    slug: z.string(),
    name: z.string(),
    status: tenantStatusSchema,
    parent_tenant_id: idSchema.nullable(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
    activated_at: timestampSchema.nullable(),
    cancelled_at: timestampSchema.nullable(),
  })
  .meta({ id: "Tenant" });
export type TenantBody = z.infer<typeof tenantBodySchema>;

/** `POST /v1/tenants` */
export const createTenantInputSchema = z
  .strictObject({
    slug: slugSchema,
    name: nameSchema,
    parent_tenant_id: uuidSchema.nullable().optional(),
  })
  .meta({ id: "CreateTenant" });
export type CreateTenantInput = z.infer<typeof createTenantInputSchema>;
