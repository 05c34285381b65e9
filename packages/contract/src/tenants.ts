import { z } from "zod";
import { nameSchema, slugSchema, timestampSchema, uuidSchema } from "./scalars.ts";
import { roleSchema, tenantStatusSchema } from "./states.ts";

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

/** `PATCH /v1/tenants/{id}` */
export const updateTenantInputSchema = z
  .strictObject({ name: nameSchema.optional(), parent_tenant_id: uuidSchema.nullable().optional() })
  .meta({ id: "UpdateTenant" });
export type UpdateTenantInput = z.infer<typeof updateTenantInputSchema>;

export const memberBodySchema = z
  .strictObject({ tenant_id: idSchema, user_id: idSchema, role: roleSchema, created_at: timestampSchema })
  .meta({ id: "Member" });
export type MemberBody = z.infer<typeof memberBodySchema>;

/** `PUT /v1/tenants/{id}/members/{user_id}` */
export const setMemberInputSchema = z.strictObject({ role: roleSchema }).meta({ id: "SetMember" });
export type SetMemberInput = z.infer<typeof setMemberInputSchema>;
