/** Random bytes of a key. */
export const keyBytes = 16;

const scheme = "bp_";
const prefixLength = scheme.length + 8;

/** 16 bytes are 21 characters and one that carries only two bits: any other at the end was never minted. */
const keyPattern = /^bp_[A-Za-z0-9_-]{21}[AQgw]$/;

/** A key as its holder presents it. Its prefix is public and finds the row; the whole string is the secret. */
export interface PresentedKey {
  readonly text: string;
  readonly prefix: string;
}

/** Mints a key: `bp_` and the base64url of 16 bytes of `random`. */
export function mintKey(random: (bytes: number) => Buffer): PresentedKey {
  const text = `${scheme}${random(keyBytes).toString("base64url")}`;
  return { text, prefix: text.slice(0, prefixLength) };
}

/** A string that could be a key of ours, taken as it is; undefined for any other value. */
export function parseKey(value: unknown): PresentedKey | undefined {
  if (typeof value !== "string" || !keyPattern.test(value)) return undefined;
  return { text: value, prefix: value.slice(0, prefixLength) };
}
