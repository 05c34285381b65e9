import { createIssuer, startJwksServer, supabaseClaims } from "@leftrail/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const main = join(import.meta.dirname, "../src/main.ts");
/** The token of `/v1/internal/*` in each of these processes. */
export const processInternalToken = "internal-token-of-the-processes-0123456789";

/** A control plane in a process of its own, as `pnpm start:control-plane` starts it. */
export interface ControlPlaneProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** Starts one and waits until it serves; rejects with its log when it ends before. */
export async function startControlPlane(env: Readonly<Record<string, string>>): Promise<ControlPlaneProcess> {
  const child = spawn(process.execPath, [main], {
    env: { PORT: "0", INTERNAL_TOKENS: processInternalToken, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Whoever asked for it may exit without a word.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  let log = "";
  const url = await new Promise<string>((resolve, reject) => {
    const look = (text: string) => {
      log += text;
      const [, found] = /"url":"([^"]+)"/.exec(log) ?? [];
      if (found === undefined) return;
      child.stdout.off("data", look).resume();
      resolve(found);
    };
    child.stdout.setEncoding("utf8").on("data", look);
    child.once("exit", () => reject(new Error(`the control plane ended early: ${log}`)));
  });
  return {
    url,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      process.off("exit", kill);
    },
  };
}

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
