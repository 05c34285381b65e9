import { ProblemError, type ProblemCode } from "@leftrail/contract";

/** What breaking a constraint means to a caller; both engines speak through this table. */
const constraintProblems = {
  tenants_pkey: ["conflict", "A tenant with this id exists already."],
  tenants_slug_key: ["conflict", "This slug is taken."],
  tenants_parent_fkey: ["not_found", "The parent tenant does not exist."],
  tenants_parent_other: ["invalid_input", "A tenant can't be its own parent."],
  memberships_tenant_fkey: ["not_found", "The tenant does not exist."],
  orders_pkey: ["conflict", "An order with this id exists already."],
  orders_tenant_fkey: ["not_found", "The tenant does not exist."],
  orders_product_fkey: ["not_found", "The product is not in the catalog."],
  orders_one_open_request: ["conflict", "There is an open request for this product already."],
  orders_one_trial_ever: ["conflict", "This tenant has had its trial of this product."],
  entitlements_pkey: ["conflict", "An entitlement with this id exists already."],
  entitlements_tenant_fkey: ["not_found", "The tenant does not exist."],
  entitlements_product_fkey: ["not_found", "The product is not in the catalog."],
  entitlements_order_fkey: ["not_found", "The order does not exist."],
  entitlements_span: ["invalid_input", "An entitlement can't end before it starts."],
  entitlements_one_in_force: [
    "conflict",
    "The tenant is entitled to this product already, now or from later on.",
  ],
  product_access_overrides_pkey: ["conflict", "An override with this id exists already."],
  product_access_overrides_tenant_fkey: ["not_found", "The tenant does not exist."],
  api_keys_pkey: ["conflict", "An API key with this id exists already."],
  api_keys_prefix_key: ["conflict", "This prefix is taken."],
  api_keys_tenant_fkey: ["not_found", "The tenant does not exist."],
  audit_log_tenant_fkey: ["not_found", "The tenant does not exist."],
} as const satisfies Record<string, readonly [ProblemCode, string]>;

export type ConstraintName = keyof typeof constraintProblems;

/** The error a caller meets when `constraint` is broken. */
export function constraintProblem(constraint: ConstraintName, cause?: unknown): ProblemError {
  const [code, detail] = constraintProblems[constraint];
  return new ProblemError(code, detail, { cause });
}

export const isKnownConstraint = (name: string): name is ConstraintName =>
  Object.hasOwn(constraintProblems, name);

/** What a removal meets while something still refers to the row. */
export const stillReferred = (cause?: unknown): ProblemError =>
  new ProblemError("conflict", "Something still refers to this.", { cause });
