import type { Principal } from "@leftrail/auth";
import { featuresRead, organizationsRead, productsRead } from "@leftrail/cache-keys";
import type { ReadRequest } from "@leftrail/read-cache";
import type { SidebarReads } from "@leftrail/store";
import type { DecisionContext } from "./decide.ts";
import { loadFeatures } from "./load-features.ts";
import { loadOrganizations } from "./load-organizations.ts";
import { loadProducts } from "./load-products.ts";

export type ReadContext = DecisionContext & { readonly sidebar: SidebarReads };

interface Asked {
  /** Lower-case. */
  readonly organizationId: string;
  readonly principal: Principal;
}

/** Internal callers have features of their own under the same key. */
export const featuresVariantOf = (isInternal: boolean): string => (isInternal ? "internal" : "");

export const organizationsRequest = (
  ctx: ReadContext,
  { principal: { userId } }: { readonly principal: Pick<Principal, "userId"> },
): ReadRequest => ({
  read: organizationsRead(userId),
  variant: "",
  load: () => loadOrganizations({ ctx, input: { userId } }),
});

export const featuresRequest = (
  ctx: ReadContext,
  { organizationId, principal: { userId, isInternal } }: Asked,
): ReadRequest => ({
  read: featuresRead(organizationId, userId),
  variant: featuresVariantOf(isInternal),
  load: () => loadFeatures({ ctx, input: { organizationId, userId, isInternal } }),
});

export const productsRequest = (
  ctx: ReadContext,
  { organizationId, principal: { userId } }: Asked,
): ReadRequest => ({
  read: productsRead(organizationId, userId),
  variant: "",
  load: () => loadProducts({ ctx, input: { organizationId, userId } }),
});
