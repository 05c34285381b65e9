import { z } from "zod";
import {
  isUuid,
  momentSchema,
  nameLengthMax,
  productKeySchema,
  timestampSchema,
  uuidSchema,
} from "./scalars.ts";

const idSchema = z.string().meta({ format: "uuid" });

export const actorTypeSchema = z.enum(["user", "service", "system"]);
export type ActorType = z.infer<typeof actorTypeSchema>;

/** What Leftrail itself reports of its own state; callers may not. */
export const stateActions = [
  "tenant.created",
  "tenant.updated",
  "tenant.activated",
  "tenant.cancelled",
  "tenant.deleted",
  "member.set",
  "member.removed",
  "catalog.requested",
  "catalog.trial_started",
  "order.approved",
  "order.rejected",
  "override.set",
  "override.removed",
  "api_key.created",
  "api_key.rotated",
  "api_key.revoked",
] as const;
export type StateAction = (typeof stateActions)[number];

export const auditEntryBodySchema = z
  .strictObject({
    id: idSchema,
    tenant_id: idSchema.nullable(),
    product: z.string().nullable(),
    actor_type: actorTypeSchema,
    actor_id: z.string(),
    action: z.string(),
    target_type: z.string().nullable(),
    target_id: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    ip: z.string().nullable(),
    request_id: z.string().nullable(),
    occurred_at: timestampSchema.nullable(),
    created_at: timestampSchema,
    seq: z.int(),
    hash: z.string().meta({ description: "Chains the entry to the one before it in its tenant" }),
  })
  .meta({ id: "AuditEntry" });
export type AuditEntryBody = z.infer<typeof auditEntryBodySchema>;

// Nor what would look like one of ours in a trail: other case, spaces, characters that are not seen.
const isStateAction = (action: string): boolean => {
  const seen = action
    .normalize("NFKC")
    .replaceAll(/[\s\p{Cf}]/gu, "")
    .toLowerCase();
  return stateActions.some((known) => known === seen);
};

const shortText = z.string().regex(/\S/, "must not be empty").max(nameLengthMax);

/** Who did it, in the words of who reports it; a UUID comes out lower-case, as every id does. */
export const actorIdSchema = shortText.transform((id) => (isUuid(id) ? id.toLowerCase() : id));

const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Not z.record, which leaves out a field named __proto__ without a word: a trail keeps what it was told.
const metadataSchema = z
  .custom<Record<string, unknown>>(isObject, "must be of type object")
  .meta({ type: "object", additionalProperties: {} });

const reported = {
  tenant_id: uuidSchema,
  product: productKeySchema,
  action: shortText.refine((action) => !isStateAction(action), "is an action that only Leftrail reports"),
  target_type: shortText.nullable().optional(),
  target_id: shortText.nullable().optional(),
  metadata: metadataSchema.optional(),
};

/** `POST /v1/audit`: the actor is the caller. */
export const reportAuditInputSchema = z.strictObject(reported).meta({ id: "ReportAudit" });
export type ReportAuditInput = z.infer<typeof reportAuditInputSchema>;

/** `POST /v1/internal/audit`: a service says who it was, and when. */
export const reportInternalAuditInputSchema = z
  .strictObject({
    ...reported,
    actor_type: actorTypeSchema,
    actor_id: actorIdSchema,
    occurred_at: momentSchema.nullable().optional(),
  })
  .meta({ id: "ReportInternalAudit" });
export type ReportInternalAuditInput = z.infer<typeof reportInternalAuditInputSchema>;

/** `GET /v1/audit`, its paging aside. */
export const auditFiltersShape = {
  tenant_id: uuidSchema.optional().meta({
    description:
      "A tenant, living or deleted; only platform admins may leave it out or ask for a deleted one",
  }),
  product: productKeySchema.optional(),
  actor_id: actorIdSchema.optional(),
  action: shortText.optional().meta({ example: "member.set" }),
  since: momentSchema.optional().meta({ description: "Inclusive, by `created_at`" }),
  until: momentSchema.optional().meta({ description: "Exclusive, by `created_at`" }),
};

/** `GET /v1/audit/verify` */
export const auditVerificationBodySchema = z
  .strictObject({
    ok: z.boolean(),
    checked: z.int(),
    head: z.strictObject({ seq: z.int(), hash: z.string() }).nullable(),
    first_broken: z.int().nullable().meta({ description: "The seq of the first entry that does not hold" }),
  })
  .meta({ id: "AuditVerification" });
export type AuditVerificationBody = z.infer<typeof auditVerificationBodySchema>;
