/** The three reads, as the router has them and as metrics and the log call them. */
export const readRoutes = {
  organizations: "/v1/organizations",
  features: "/v1/organizations/:org_id/features",
  products: "/v1/organizations/:org_id/products",
} as const;

export interface AskedRead {
  readonly read: keyof typeof readRoutes;
  /** 36 characters of any kind; none for `organizations`. */
  readonly organizationId: string;
}

const prefix = `${readRoutes.organizations}/`;
const idEnd = prefix.length + 36;
const organizations: AskedRead = { read: "organizations", organizationId: "" };

/** Which read a request target asks for, when it does so without a query; undefined: the router has to look. */
export function askedReadOf(target: string): AskedRead | undefined {
  if (target === readRoutes.organizations) return organizations;
  if (!target.startsWith(prefix)) return undefined;
  const rest = target.slice(idEnd);
  if (rest === "/features") return { read: "features", organizationId: target.slice(prefix.length, idEnd) };
  if (rest === "/products") return { read: "products", organizationId: target.slice(prefix.length, idEnd) };
  return undefined;
}
