import { ProblemError, type NewApiKeyBody } from "@leftrail/contract";
import type { Change } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { createOnce, type Created, type CreateSteps, type OnceRequest } from "../http/idempotency.ts";
import { toApiKeyBody } from "./api-key-body.ts";
import type { PresentedKey } from "./key-format.ts";

/** With 48 random bits in a prefix a second attempt is rare, and a third one is a broken source of randomness. */
const prefixAttemptsMax = 5;

type Insert = Change["write"]["apiKeys"]["insert"];
type NewApiKey = Parameters<Insert>[0];

/** Inserts the row of the minted key, on the terms that a verb decides. */
type InsertKey = (terms: Pick<NewApiKey, "tenantId" | "name" | "scopes" | "expiresAt">) => ReturnType<Insert>;

export interface IssueSteps<G> {
  /** May they see it, may they do it; asked before hashing, and again within the unit. */
  readonly guard: (tx: Pick<Change, "tenants" | "apiKeys">) => Promise<G>;
  /** Everything else of the unit, with the audit entry. */
  readonly work: (tx: Change, guarded: G, insert: InsertKey) => ReturnType<InsertKey>;
}

/**
 * Issues a key: argon2 runs before the transaction opens. The key itself is in this one
 * answer only, never in the one that is kept for a replay.
 */
export async function issueKey<G>(
  ctx: Context,
  once: OnceRequest | null,
  { guard, work }: IssueSteps<G>,
): Promise<Created<NewApiKeyBody>> {
  await guard(ctx.store.read);
  const key = await mintUnusedKey(ctx);
  const keyHash = await ctx.keys.prover.hash(key);
  const steps: CreateSteps<G, NewApiKeyBody> = {
    guard,
    async work(tx, guarded) {
      const row = await work(tx, guarded, (terms) =>
        tx.write.apiKeys.insert({
          id: ctx.newId(),
          prefix: key.prefix,
          keyHash,
          createdBy: ctx.caller.principal.userId,
          ...terms,
        }),
      );
      const body = toApiKeyBody(row);
      return { body: { ...body, key: key.text }, kept: { ...body, key: null } };
    },
  };
  const created = await createOnce(ctx, once, steps);
  if (!created.isReplay) ctx.keys.prover.keepProof(key, { id: created.body.id, keyHash });
  return created;
}

async function mintUnusedKey({ store, keys }: Context): Promise<PresentedKey> {
  for (let attempt = 0; attempt < prefixAttemptsMax; attempt++) {
    const key = keys.mint();
    if ((await store.read.apiKeys.findForVerification(key.prefix)) === undefined) return key;
  }
  throw new ProblemError("unavailable", "No key could be made.");
}
