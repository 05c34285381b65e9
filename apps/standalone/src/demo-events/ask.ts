import { StartError } from "@leftrail/service";

/** How long a running Leftrail may take to answer. */
const timeoutMs = 5_000;

interface Answered {
  readonly status: number;
  /** Parsed; undefined for what is no JSON. */
  readonly body: unknown;
  /** The body, where the status is one of these; throws StartError with the answer's own words otherwise. */
  expect(...statuses: readonly number[]): unknown;
}

export type Ask = (
  method: string,
  path: string,
  request?: { readonly token?: string; readonly body?: unknown },
) => Promise<Answered>;

/** Asks a running Leftrail. Throws StartError when nobody answers, and the signal's reason once that has fired. */
export const createAsk =
  (url: string, signal?: AbortSignal): Ask =>
  async (method, path, { token, body } = {}) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new StartError(`No Leftrail answers at ${url}. Start it with: pnpm dev`, { cause: error });
    });
    const parsed: unknown = await response.json().catch(() => undefined);
    const { status } = response;
    return {
      status,
      body: parsed,
      expect(...statuses) {
        if (statuses.includes(status)) return parsed;
        const [place = ""] = path.split("?");
        throw new StartError(
          `${method} ${place} answered ${status}: ${textOf(parsed, "detail") ?? "no reason"}`,
        );
      },
    };
  };

/** A text in a JSON object. */
export function textOf(body: unknown, field: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value: unknown = Object.entries(body).find(([name]) => name === field)?.[1];
  return typeof value === "string" ? value : undefined;
}
