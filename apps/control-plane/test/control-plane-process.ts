import {
  createIssuer,
  startJwksServer,
  startService,
  supabaseClaims,
  type ServiceProcess,
} from "@leftrail/testkit";

/** The token of `/v1/internal/*` in each of these processes. */
export const processInternalToken = "internal-token-of-the-processes-0123456789";

/** Starts a control plane in a process of its own, as `pnpm start:control-plane` does, and waits until it serves. */
export const startControlPlane = (env: Readonly<Record<string, string>>): Promise<ServiceProcess> =>
  startService({
    entry: new URL("../src/main.ts", import.meta.url),
    name: "the control plane",
    env: { INTERNAL_TOKENS: processInternalToken, ...env },
  });

/** An issuer that such processes trust, and tokens of it. */
export async function startIssuer() {
  const issuer = await createIssuer();
  const server = await startJwksServer(issuer);
  return {
    setting: JSON.stringify([{ issuer: issuer.issuer, jwksUrl: server.url, audience: issuer.audience }]),
    bearer: async (userId: string, roles: readonly string[] = []) => {
      const token = await issuer.sign(supabaseClaims({ userId, email: "somebody@example.com", roles }));
      return `Bearer ${token}`;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
