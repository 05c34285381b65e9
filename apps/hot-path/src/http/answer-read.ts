import type { ReadAnswer, ReadCache, ReadRequest, Tier } from "@leftrail/read-cache";
import type { Context } from "hono";
import type { ReadCounts } from "../metrics/read-counts.ts";
import { answerFound } from "./answer-found.ts";
import type { ReadsUnderWay } from "./reads-under-way.ts";
import { notAccessible } from "./not-accessible.ts";

type Kept = NonNullable<ReturnType<ReadCache["hit"]>>;

/** Answers a read from the cache; what this process can prove to be fresh, without a promise. */
export function createAnswerRead({
  cache,
  counts,
  underWay,
}: {
  readonly cache: Pick<ReadCache, "hit" | "read">;
  readonly counts: ReadCounts;
  readonly underWay: ReadsUnderWay;
}) {
  const answer = (c: Context, route: string, kept: Kept | ReadAnswer, tier: Tier): Response => {
    if (kept.kind === "absent") throw notAccessible();
    counts.count(route, tier);
    return answerFound(c, kept, tier);
  };

  return (c: Context, route: string, request: ReadRequest): Response | Promise<Response> => {
    const kept = cache.hit(request.read.key, request.variant);
    if (kept !== undefined) return answer(c, route, kept, "l1");
    return (underWay.of(c) ?? cache.read(request)).then((found) => answer(c, route, found, found.tier));
  };
}
