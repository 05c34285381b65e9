import { ProblemError } from "@leftrail/contract";
import type { ApiKey, Reads, Seen, Tenant } from "@leftrail/store";
import { viewerOf, type Context } from "../access/context.ts";

/** The same answer for a key that does not exist and for one of a tenant that the caller may not see. */
export async function seeApiKey(
  ctx: Context,
  apiKeys: Reads["apiKeys"],
  apiKeyId: string,
): Promise<Seen<ApiKey>> {
  const seen = await apiKeys.find(apiKeyId, viewerOf(ctx));
  if (seen === undefined) throw apiKeyNotFound();
  return seen;
}

export const apiKeyNotFound = (): ProblemError =>
  new ProblemError("not_found", "The API key does not exist.");

export function refuseInactive({ status }: Tenant): void {
  if (status !== "active") throw new ProblemError("conflict", "The tenant is not active.");
}
