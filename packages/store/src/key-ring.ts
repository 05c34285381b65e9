import { createHash, hkdfSync } from "node:crypto";

/** Shortest key in bytes. */
const ringKeyBytesMin = 32;

/** Named secrets: the current one makes, the others still verify. */
export interface KeyRing {
  readonly currentId: string;
  /** A key of 32 bytes for one purpose, so that no secret does two jobs. Undefined: no such id. */
  derive(purpose: string, id: string): Buffer | undefined;
  readonly ids: readonly string[];
}

/** Parses `id:base64,id:base64…` (the first is current). Throws an Error that never repeats a key. */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Buffer>();
  for (const [index, part] of text.split(",").entries()) {
    const where = `entry ${index + 1}`;
    const match = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]+={0,2})$/.exec(part.trim());
    if (match?.[1] === undefined || match[2] === undefined) throw new Error(`${where} is not id:base64`);
    const key = Buffer.from(match[2], "base64");
    if (key.length < ringKeyBytesMin) throw new Error(`${where} has fewer than ${ringKeyBytesMin} bytes`);
    if (keys.has(match[1])) throw new Error(`${where} repeats the id of an earlier entry`);
    keys.set(match[1], key);
  }
  return createKeyRing(keys);
}

/** A ring over keys in order, the first being current. */
export function createKeyRing(keys: ReadonlyMap<string, Buffer>): KeyRing {
  const [currentId] = keys.keys();
  if (currentId === undefined) throw new Error("a key ring needs a key");
  const derived = new Map<string, Buffer>();
  return {
    currentId,
    ids: [...keys.keys()],
    derive(purpose, id) {
      const key = keys.get(id);
      if (key === undefined) return undefined;
      const slot = `${id}:${purpose}`;
      const known = derived.get(slot);
      if (known !== undefined) return known;
      const fresh = Buffer.from(hkdfSync("sha256", key, "", `leftrail:${purpose}`, 32));
      derived.set(slot, fresh);
      return fresh;
    },
  };
}

const developmentKey = createHash("sha256")
  .update("leftrail: a key for development, known to everybody")
  .digest();

/** A ring for development: the same everywhere, so that data outlives a restart. Production refuses it. */
export const developmentKeyRing = (): KeyRing => createKeyRing(new Map([["development", developmentKey]]));

/** True when any key of the ring is the one for development. */
export function holdsDevelopmentKey(ring: KeyRing): boolean {
  const known = developmentKeyRing();
  const fingerprint = known.derive("fingerprint", known.currentId);
  return (
    fingerprint !== undefined && ring.ids.some((id) => ring.derive("fingerprint", id)?.equals(fingerprint))
  );
}
