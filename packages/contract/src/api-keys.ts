import { z } from "zod";
import { momentSchema, nameSchema, timestampSchema, uuidSchema } from "./scalars.ts";

const idSchema = z.string().meta({ format: "uuid" });

/** Scopes a key has at most, and a scope's longest name in characters. */
export const scopesMax = 50;
export const scopeLengthMax = 100;

/** A key as lists and answers show it: never the key, never its hash. */
export const apiKeyBodySchema = z
  .strictObject({
    id: idSchema,
    tenant_id: idSchema,
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    created_by: idSchema,
    created_at: timestampSchema,
    expires_at: timestampSchema.nullable(),
    last_used_at: timestampSchema.nullable(),
    revoked_at: timestampSchema.nullable(),
  })
  .meta({ id: "ApiKey" });
export type ApiKeyBody = z.infer<typeof apiKeyBodySchema>;

/** The only answer that shows a key; `key` is null when an idempotent request is replayed. */
export const newApiKeyBodySchema = apiKeyBodySchema
  .extend({ key: z.string().nullable() })
  .meta({ id: "NewApiKey" });
export type NewApiKeyBody = z.infer<typeof newApiKeyBodySchema>;

/** `POST /v1/api-keys` */
export const createApiKeyInputSchema = z
  .strictObject({
    tenant_id: uuidSchema,
    name: nameSchema,
    scopes: z
      .array(z.string().regex(/\S/, "must not be empty").max(scopeLengthMax))
      .max(scopesMax)
      .refine((scopes) => new Set(scopes).size === scopes.length, "must not repeat a scope")
      .optional(),
    expires_at: momentSchema.nullable().optional(),
  })
  .meta({ id: "CreateApiKey" });
export type CreateApiKeyInput = z.infer<typeof createApiKeyInputSchema>;

/** Longest time that a rotated key stays valid, in seconds. */
export const rotationGraceSecondsMax = 604_800;

/** `POST /v1/api-keys/{id}/rotate` */
export const rotateApiKeyInputSchema = z
  .strictObject({ grace_seconds: z.int().min(0).max(rotationGraceSecondsMax) })
  .meta({ id: "RotateApiKey" });
export type RotateApiKeyInput = z.infer<typeof rotateApiKeyInputSchema>;

/** `POST /v1/internal/api-keys/verify`; whatever has another shape is answered as a key that is not found. */
export const presentedKeySchema = z.strictObject({ key: z.string() }).meta({ id: "PresentedKey" });

/** Why a presented key is not valid; `not_found` for all that is not proven by the whole key. */
export const keyRefusalSchema = z.enum(["not_found", "revoked", "expired", "tenant_inactive"]);
export type KeyRefusal = z.infer<typeof keyRefusalSchema>;

/** `POST /v1/internal/api-keys/verify`: always 200. */
export const verifiedKeyBodySchema = z
  .discriminatedUnion("valid", [
    z.strictObject({
      valid: z.literal(true),
      key_id: idSchema,
      tenant_id: idSchema,
      scopes: z.array(z.string()),
      expires_at: timestampSchema.nullable(),
      products: z.array(z.string()),
    }),
    z.strictObject({ valid: z.literal(false), code: keyRefusalSchema }),
  ])
  .meta({ id: "VerifiedKey" });
export type VerifiedKeyBody = z.infer<typeof verifiedKeyBodySchema>;
