import { ProblemError, toTimestamp, type KeyRefusal, type VerifiedKeyBody } from "@leftrail/contract";
import type { KeyForVerification, Reads } from "@leftrail/store";
import { parseKey, type PresentedKey } from "./key-format.ts";
import type { KeyProver } from "./key-prover.ts";
import type { UsageRecorder } from "./usage-recorder.ts";

/** How often a row's hash may change under a verification before it gives up. */
const proofAttemptsMax = 3;

export interface VerificationContext {
  readonly rows: Pick<Reads["apiKeys"], "findForVerification">;
  readonly prover: Pick<KeyProver, "lookUp" | "prove">;
  readonly usage: Pick<UsageRecorder, "note">;
}

/**
 * Tells what a presented key is good for, by the row as it is now: only the proof that
 * the string matches its hash is ever cached. Throws `unavailable` under overload.
 */
export async function verifyKey({
  ctx,
  input,
}: {
  ctx: VerificationContext;
  /** The body as it came, of whatever shape. */
  input: unknown;
}): Promise<VerifiedKeyBody> {
  const key = presentedKey(input);
  const row = key === undefined ? undefined : await findProvenRow(ctx, key);
  if (row === undefined) return refused("not_found");
  if (row.revokedAt !== null) return refused("revoked");
  if (row.isExpired) return refused("expired");
  if (row.tenantStatus !== "active") return refused("tenant_inactive");
  ctx.usage.note(row.id);
  return {
    valid: true,
    key_id: row.id,
    tenant_id: row.tenantId,
    scopes: [...row.scopes],
    expires_at: row.expiresAt === null ? null : toTimestamp(row.expiresAt),
    products: [...row.products],
  };
}

/** The row that the whole key proves; read after the proof, for hashing may have taken a while. */
async function findProvenRow(
  { rows, prover }: VerificationContext,
  key: PresentedKey,
): Promise<KeyForVerification | undefined> {
  for (let attempt = 0; attempt < proofAttemptsMax; attempt++) {
    const row = await rows.findForVerification(key.prefix);
    if (row === undefined) return undefined;
    const decision = await prover.lookUp(key, row);
    if (decision !== "unknown") return decision === "proven" ? row : undefined;
    await prover.prove(key, row);
  }
  throw new ProblemError("unavailable", "The key could not be verified.");
}

function presentedKey(input: unknown): PresentedKey | undefined {
  if (typeof input !== "object" || input === null || !Object.hasOwn(input, "key")) return undefined;
  return "key" in input && Object.keys(input).length === 1 ? parseKey(input.key) : undefined;
}

const refused = (code: KeyRefusal): VerifiedKeyBody => ({ valid: false, code });
