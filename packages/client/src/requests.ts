import { requestTimeoutMs } from "./limits.ts";

/**
 * The access token for the next request. `refused` is the one that was just answered with 401, so that
 * whoever keeps a token knows to renew it.
 */
export type TokenSource = (request: { readonly refused?: string }) => string | Promise<string>;

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

interface Sent {
  readonly response: Response;
  /** The one that the response answers. */
  readonly token: string;
}

/** Sends a request in the name of who the token stands for; what it is may depend on that. */
export type Send = (
  path: string,
  build: (token: string) => RequestInit,
  signal?: AbortSignal,
) => Promise<Sent>;

export interface RequestsOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly token: TokenSource;
  readonly fetch: Fetch;
}

/** A 401 asks for a renewed token and is repeated once; what that answers is final. */
export function createSend({ baseUrl, token: tokenSource, fetch }: RequestsOptions): Send {
  return async (path, build, signal) => {
    const limit = AbortSignal.timeout(requestTimeoutMs);
    const signals = signal === undefined ? limit : AbortSignal.any([signal, limit]);

    const sendAs = async (token: string): Promise<Sent> => {
      signals.throwIfAborted();
      const init = build(token);
      const headers = new Headers(init.headers);
      headers.set("Authorization", `Bearer ${token}`);
      return { token, response: await fetch(`${baseUrl}${path}`, { ...init, headers, signal: signals }) };
    };

    const first = await sendAs(await tokenSource({}));
    if (first.response.status !== 401) return first;
    await first.response.body?.cancel();
    return sendAs(await tokenSource({ refused: first.token }));
  };
}
