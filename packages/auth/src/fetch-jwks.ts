import { isRecord } from "./is-record.ts";

/** Longest a fetch may take, its body included. */
export const jwksTimeoutMs = 3_000;

/** Largest document read, after decompression. A set with certificate chains has some 10 KiB. */
export const jwksBytesMax = 256 * 1024;

export interface FetchJwksInput {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/**
 * Fetches a JWKS document once and returns its `keys` as they are. Throws on
 * anything but a 200 with a JSON object that has a `keys` array, in time and in size.
 */
export async function fetchJwks(input: FetchJwksInput): Promise<readonly unknown[]> {
  const response = await input.fetch(input.url, {
    headers: { accept: "application/json" },
    // A redirect would let whoever controls one URL of the issuer choose its keys.
    redirect: "manual",
    signal: AbortSignal.timeout(input.timeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the JWKS URL answered ${response.status}`);
  }
  const document = parseJson(await readBounded(response, input.bytesMax));
  if (!isRecord(document) || !Array.isArray(document["keys"])) {
    throw new Error('the JWKS document is not an object with an array "keys"');
  }
  const keys: readonly unknown[] = document["keys"];
  return keys;
}

async function readBounded(response: Response, bytesMax: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const body: AsyncIterable<Uint8Array> = response.body;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop by a throw cancels the stream, so the rest is never read.
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`the JWKS document is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's message quotes the document; it could be anything.
    throw new Error("the JWKS document is not JSON");
  }
}
