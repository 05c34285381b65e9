import { timingSafeEqual } from "node:crypto";
import { hashRaw } from "@node-rs/argon2";

/** What a tag stands for. Stored rows carry the tag alone, so no row can ask for other costs. */
interface HashParameters {
  readonly passes: number;
  readonly memoryKibibytes: number;
  readonly lanes: number;
  readonly hashBytes: number;
}

/** Every tag that a stored hash may have; a new one is added here and made the current one. */
const parametersByTag: ReadonlyMap<string, HashParameters> = new Map([
  ["argon2id", { passes: 1, memoryKibibytes: 64 * 1024, lanes: 4, hashBytes: 32 }],
]);
const currentTag = "argon2id";

/** Random bytes of a new salt, and what a stored one may have. */
export const saltBytes = 16;
const saltBytesMin = 8;
const saltBytesMax = 64;
const storedLengthMax = 256;

/** Argon2id, version 1.3, of a whole key string; takes tens of milliseconds on a thread of libuv's pool. */
export type Argon2 = (text: string, salt: Buffer, parameters: HashParameters) => Promise<Buffer>;

export interface StoredHash {
  readonly parameters: HashParameters;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Reads `<tag>|<salt>|<hash>`, standard base64 without padding; undefined for whatever we would not have stored. */
export function parseStoredHash(stored: string): StoredHash | undefined {
  if (stored.length > storedLengthMax) return undefined;
  const [tag = "", saltText = "", hashText = "", ...rest] = stored.split("|");
  const parameters = parametersByTag.get(tag);
  const salt = decodeBase64(saltText);
  const hash = decodeBase64(hashText);
  if (parameters === undefined || salt === undefined || hash === undefined || rest.length > 0)
    return undefined;
  if (salt.length < saltBytesMin || salt.length > saltBytesMax) return undefined;
  return hash.length === parameters.hashBytes ? { parameters, salt, hash } : undefined;
}

/** The text to store for a new key, under the current tag. */
export async function hashKey(text: string, salt: Buffer, argon2: Argon2): Promise<string> {
  const parameters = parametersByTag.get(currentTag);
  if (parameters === undefined) throw new Error("the current tag has no parameters");
  const hash = await argon2(text, salt, parameters);
  return [currentTag, encodeBase64(salt), encodeBase64(hash)].join("|");
}

/** Whether a string is the very one that was hashed. */
export async function matchesHash(text: string, stored: StoredHash, argon2: Argon2): Promise<boolean> {
  const hash = await argon2(text, stored.salt, stored.parameters);
  return timingSafeEqual(hash, stored.hash);
}

export const argon2id: Argon2 = (text, salt, { passes, memoryKibibytes, lanes, hashBytes }) =>
  hashRaw(text, {
    // Argon2id and version 1.3 are its defaults; to name them there are only const enums, which Node can't import.
    timeCost: passes,
    memoryCost: memoryKibibytes,
    parallelism: lanes,
    outputLen: hashBytes,
    salt,
  });

const encodeBase64 = (bytes: Buffer): string => bytes.toString("base64").replaceAll("=", "");

function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  // Node decodes leniently: padding, other alphabets and stray bits are all refused here.
  return encodeBase64(bytes) === text ? bytes : undefined;
}
