import { z } from "zod";
import { noteLengthMax } from "./catalog.ts";
import { featureNameSchema, momentSchema, productKeySchema, timestampSchema, uuidSchema } from "./scalars.ts";
import { overrideEffectSchema, overrideTargetTypeSchema } from "./states.ts";

const idSchema = z.string().meta({ format: "uuid" });

export const overrideBodySchema = z
  .strictObject({
    id: idSchema,
    tenant_id: idSchema,
    target_type: overrideTargetTypeSchema,
    target: z.string(),
    effect: overrideEffectSchema,
    expires_at: timestampSchema.nullable(),
    reason: z.string().nullable(),
    created_at: timestampSchema,
    updated_at: timestampSchema,
  })
  .meta({ id: "Override" });
export type OverrideBody = z.infer<typeof overrideBodySchema>;

const common = {
  tenant_id: uuidSchema,
  effect: overrideEffectSchema,
  expires_at: momentSchema.nullable().optional(),
  reason: z.string().max(noteLengthMax).nullable().optional(),
};

/** `PUT /v1/overrides`: a feature is any name, a product must be in the catalog. */
export const putOverrideInputSchema = z
  .discriminatedUnion(
    "target_type",
    [
      z.strictObject({ ...common, target_type: z.literal("feature"), target: featureNameSchema }),
      z.strictObject({ ...common, target_type: z.literal("product"), target: productKeySchema }),
    ],
    { error: ({ code }) => (code === "invalid_union" ? 'must be "feature" or "product"' : undefined) },
  )
  .meta({ id: "PutOverride" });
export type PutOverrideInput = z.infer<typeof putOverrideInputSchema>;
