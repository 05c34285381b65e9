import { join } from "node:path";
import { demoUsers } from "@leftrail/store";
import { createIssuer, type Issuer } from "@leftrail/testkit";
import { keptSecret } from "./kept-secret.ts";

const developmentIssuer = "urn:leftrail:development";
const audience = "authenticated";

/** Issues real tokens for the demo's people; its keys are kept, so that a token outlives a restart. */
export async function openDevelopmentIssuer(dataDir: string | undefined): Promise<Issuer> {
  const options = { issuer: developmentIssuer, audience };
  if (dataDir === undefined) return createIssuer(options);
  const kept = await keptSecret(join(dataDir, "issuer-keys.json"), async () =>
    JSON.stringify(await (await createIssuer(options)).exportKeys()),
  );
  return createIssuer({ ...options, keys: parseKeys(kept) });
}

export type DemoUserName = keyof typeof demoUsers;

export const isDemoUserName = (name: string): name is DemoUserName => Object.hasOwn(demoUsers, name);

/** A token as Supabase would shape it. */
export function signDemoToken(issuer: Issuer, name: DemoUserName): Promise<string> {
  const { userId, email, roles } = demoUsers[name];
  return issuer.sign({ sub: userId, email, role: "authenticated", app_metadata: { roles: [...roles] } });
}

function parseKeys(text: string): NonNullable<NonNullable<Parameters<typeof createIssuer>[0]>["keys"]> {
  const keys: unknown = JSON.parse(text);
  // createIssuer refuses what is no key.
  // oxlint-disable-next-line typescript/no-unsafe-return
  return Array.isArray(keys) ? keys : [];
}
