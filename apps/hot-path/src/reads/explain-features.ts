import type { Principal } from "@leftrail/auth";
import { ProblemError, type ExplainedFeaturesBody } from "@leftrail/contract";
import type { SidebarReads } from "@leftrail/store";
import { notAccessible } from "../http/not-accessible.ts";
import { decide, type DecisionContext } from "./decide.ts";

/** The caller's features with the rule behind each; for admins only, and asked of the database every time. */
export async function explainFeatures({
  ctx,
  input,
}: {
  ctx: DecisionContext & { readonly sidebar: Pick<SidebarReads, "explainableSources"> };
  input: { readonly organizationId: string; readonly principal: Principal };
}): Promise<ExplainedFeaturesBody> {
  const { organizationId, principal } = input;
  const seen = await ctx.sidebar.explainableSources(organizationId, principal);
  if (seen === undefined) throw notAccessible();
  if (!seen.isTenantAdmin && !principal.isPlatformAdmin) {
    throw new ProblemError("forbidden", "Only admins of this organization may have its features explained.");
  }
  const { isInternal } = principal;
  const { enabled, decisions } = decide(ctx, { organizationId, isInternal }, seen.sources);
  return { features: enabled, explain: Object.fromEntries(decisions) };
}
