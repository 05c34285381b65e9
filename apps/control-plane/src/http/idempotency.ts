import { ProblemError } from "@leftrail/contract";
import type { Actor, Change, IdempotencyClaim, Store } from "@leftrail/store";
import canonicalize from "canonicalize";
import { createHash } from "node:crypto";
import { z } from "zod";
import { actorOf, type Context } from "../access/context.ts";

/** The header that every POST with an answer of 201 takes. */
export const idempotencyHeaders = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, "must be 1 to 255 printable ASCII characters")
    .optional()
    .meta({
      description: "Repeated with the same body within 24 hours, the first answer is replayed",
      example: "6f1e0a52-order-17",
    }),
});

/** A request that must take effect once, however often it is sent. */
export interface OnceRequest {
  readonly claim: IdempotencyClaim;
  readonly requestHash: string;
}

/** Null without the header. `request` is all that makes it the same request: path parameters and body. */
export function onceRequest(
  { caller }: { readonly caller: { readonly id: string } },
  headers: z.output<typeof idempotencyHeaders>,
  route: string,
  request: unknown,
): OnceRequest | null {
  const key = headers["idempotency-key"];
  if (key === undefined) return null;
  const requestHash = createHash("sha256")
    .update(canonicalize(request) ?? "")
    .digest("hex");
  return { claim: { caller: caller.id, route, key }, requestHash };
}

/** What was made, or was made the first time. */
export interface Created<B> {
  readonly body: B;
  readonly isReplay: boolean;
}

export interface CreateSteps<G, B> {
  /** May they see it, may they do it; without locks. */
  readonly guard: (tx: Change) => Promise<G>;
  /** Does it, and says what is kept for a replay where that differs. */
  readonly work: (tx: Change, guarded: G) => Promise<{ readonly body: B; readonly kept?: B }>;
}

/** One unit of work with its kept answer in it. A replay stands behind the guards and before any conflict. */
export const createOnce = <G, B>(
  ctx: Context,
  once: OnceRequest | null,
  steps: CreateSteps<G, B>,
): Promise<Created<B>> => createOnceAs(ctx.store, actorOf(ctx), once, steps);

/** The same for a caller who is no user. */
export const createOnceAs = <G, B>(
  store: Store,
  actor: Actor,
  once: OnceRequest | null,
  { guard, work }: CreateSteps<G, B>,
): Promise<Created<B>> =>
  store.change(actor, async (tx) => {
    const guarded = await guard(tx);
    if (once !== null) {
      const kept = await tx.idempotency.claim(once.claim);
      if (kept === "running") {
        throw new ProblemError("conflict", "The first request with this Idempotency-Key is still running.");
      }
      if (kept !== undefined) {
        if (kept.requestHash !== once.requestHash) {
          throw new ProblemError("conflict", "This Idempotency-Key was used for another request.");
        }
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was kept as a B under this very route
        return { body: kept.body as B, isReplay: true };
      }
    }
    const { body, kept = body } = await work(tx, guarded);
    if (once !== null) {
      await tx.idempotency.keep(once.claim, { requestHash: once.requestHash, status: 201, body: kept });
    }
    return { body, isReplay: false };
  });

/** The headers that tell a replay. */
export const replayHeaders = ({ isReplay }: Created<unknown>): Record<string, string> =>
  isReplay ? { "Idempotent-Replayed": "true" } : {};
