import { demoUsers, type Store } from "@leftrail/store";

/** What a start prints: where Leftrail is, and three lines that work when pasted. */
export async function bannerOf(store: Store, url: string, notices: readonly string[]): Promise<string> {
  const acme = await tenantId(store, "acme");
  const umbrella = await tenantId(store, "umbrella");
  const as = (user: keyof typeof demoUsers) =>
    `-H "Authorization: Bearer $(curl -s '${url}/dev/token?user=${user}' | cut -d'"' -f4)"`;
  const trial = JSON.stringify({ tenant_id: umbrella, product: "ai-chat" });
  return [
    `Leftrail is at ${url} (store: ${store.engine}). Stop it with Ctrl-C.`,
    ...notices,
    `The reference of every route: ${url}/docs`,
    "",
    "The left rail of alice: her organizations",
    `  curl -s '${url}/v1/organizations' ${as("alice")}`,
    "What bob may use in acme",
    `  curl -s '${url}/v1/organizations/${acme}/features' ${as("bob")}`,
    "carol starts a trial for umbrella",
    `  curl -s '${url}/v1/catalog/trial-request' ${as("carol")} -H 'Content-Type: application/json' -d '${trial}'`,
    "",
    `Users: ${Object.keys(demoUsers).join(", ")}; a token: curl -s '${url}/dev/token?user=ops'`,
    "",
  ].join("\n");
}

async function tenantId(store: Store, slug: string): Promise<string> {
  const view = await store.read.tenants.find(
    { slug },
    { userId: demoUsers.ops.userId, isPlatformAdmin: true },
  );
  return view?.tenant.id ?? `<the id of ${slug}>`;
}
