import { errorOf, unreadable } from "./leftrail-error.ts";
import { readsKeptMax } from "./limits.ts";
import type { Send } from "./requests.ts";

/** A body that several callers may hold: nobody can change it. */
export type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

export type Read = <Body>(path: string, signal?: AbortSignal) => Promise<Frozen<Body>>;

/** Reads that send the `ETag` they know and answer 304 with the very object of the last 200. */
export function createReads(send: Send): Read {
  const kept = createKept();
  return async <Body>(path: string, signal?: AbortSignal) => {
    let known: Entry | undefined;
    const { response, token } = await send(
      path,
      (asToken) => {
        known = kept.find(asToken, path);
        return known === undefined ? {} : { headers: { "If-None-Match": known.etag } };
      },
      signal,
    );
    if (response.status === 304 && known !== undefined) return bodyOf<Body>(known.body);
    if (response.status !== 200) throw await errorOf(response);
    const body = parseFrozen(await response.text());
    if (body === undefined) throw unreadable(response, "The answer is no JSON object");
    const etag = response.headers.get("ETag");
    if (etag !== null) kept.keep(token, path, { etag, body });
    return bodyOf<Body>(body);
  };
}

interface Entry {
  readonly etag: string;
  readonly body: object;
}

/**
 * What was read with one token, oldest use first. Another token forgets it all: so one user's body can't reach
 * another, and no claim of a token needs to be trusted for that.
 */
function createKept() {
  let owner: string | undefined;
  const entries = new Map<string, Entry>();
  return {
    find(token: string, path: string): Entry | undefined {
      if (token !== owner) entries.clear();
      owner = token;
      const entry = entries.get(path);
      if (entry !== undefined) touch(path, entry);
      return entry;
    },
    /** Does nothing when another token was used since. */
    keep(token: string, path: string, entry: Entry): void {
      if (token !== owner) return;
      touch(path, entry);
      for (const oldest of entries.keys()) {
        if (entries.size <= readsKeptMax) return;
        entries.delete(oldest);
      }
    },
  };

  function touch(path: string, entry: Entry): void {
    entries.delete(path);
    entries.set(path, entry);
  }
}

function parseFrozen(text: string): object | undefined {
  try {
    const body: unknown = JSON.parse(text, (_key, value: unknown) => Object.freeze(value));
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

// The contract says what the body of each path is. Checking it here would bring its schemas into every page.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
const bodyOf = <Body>(body: object): Frozen<Body> => body as Frozen<Body>;
