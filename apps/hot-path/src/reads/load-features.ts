import type { FeaturesBody } from "@leftrail/contract";
import type { Loaded } from "@leftrail/read-cache";
import type { SidebarReads } from "@leftrail/store";
import { decide, type DecisionContext } from "./decide.ts";

/** The features that are on for one caller in one organization. Absent when it is not theirs. */
export async function loadFeatures({
  ctx,
  input,
}: {
  ctx: DecisionContext & { readonly sidebar: Pick<SidebarReads, "featureSources"> };
  input: { readonly organizationId: string; readonly userId: string; readonly isInternal: boolean };
}): Promise<Loaded> {
  const sources = await ctx.sidebar.featureSources(input.organizationId, input.userId);
  if (sources === undefined) return { kind: "absent" };
  const body: FeaturesBody = { features: decide(ctx, input, sources).enabled };
  return { kind: "found", body: JSON.stringify(body), endsInMs: sources.endsInMs };
}
