import { runMain, StartError } from "@leftrail/service";
import { readConfig } from "./config.ts";

/** How long a running Leftrail may take to answer. */
const timeoutMs = 5_000;

/** `pnpm token <user>`: prints a token of the running `pnpm dev`, and nothing else. */
await runMain(async () => {
  const [user] = process.argv.slice(2);
  if (user === undefined) throw new StartError("Whose token? For example: pnpm token alice");
  const { HOST, PORT } = readConfig(process.env);
  const url = `http://${HOST}:${PORT}/dev/token?${new URLSearchParams({ user }).toString()}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch(() => {
    throw new StartError(`No Leftrail answers at ${HOST}:${PORT}. Start it with: pnpm dev`);
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new StartError(textOf(body, "detail") ?? `The answer was ${response.status}.`);
  const token = textOf(body, "token");
  if (token === undefined) throw new StartError(`What answers at ${HOST}:${PORT} is not Leftrail.`);
  console.log(token);
});

function textOf(body: unknown, field: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Object.entries(body).find(([name]) => name === field)?.[1];
  return typeof value === "string" ? value : undefined;
}
