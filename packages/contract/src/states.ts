import { z } from "zod";

/** What a member may be on a tenant. */
export const roleSchema = z.enum(["owner", "admin", "member"]);
export type Role = z.infer<typeof roleSchema>;

/** A tenant's life: pending → active → cancelled, or pending → cancelled. */
export const tenantStatusSchema = z.enum(["pending", "active", "cancelled"]);
export type TenantStatus = z.infer<typeof tenantStatusSchema>;

/** An entitlement's status as of now. */
export const entitlementStatusSchema = z.enum(["active", "trialing", "scheduled", "expired", "cancelled"]);
export type EntitlementStatus = z.infer<typeof entitlementStatusSchema>;

export const entitlementSourceSchema = z.enum(["purchase", "trial", "grant"]);
export type EntitlementSource = z.infer<typeof entitlementSourceSchema>;

export const orderKindSchema = z.enum(["request", "trial", "purchase"]);
export type OrderKind = z.infer<typeof orderKindSchema>;

export const orderStatusSchema = z.enum(["requested", "fulfilled", "rejected"]);
export type OrderStatus = z.infer<typeof orderStatusSchema>;

/** What the catalog says of a product to one tenant. */
export const availabilitySchema = z.enum(["available", "requested", "trialing", "entitled"]);
export type Availability = z.infer<typeof availabilitySchema>;

export const overrideTargetTypeSchema = z.enum(["feature", "product"]);
export type OverrideTargetType = z.infer<typeof overrideTargetTypeSchema>;

export const overrideEffectSchema = z.enum(["grant", "deny"]);
export type OverrideEffect = z.infer<typeof overrideEffectSchema>;
