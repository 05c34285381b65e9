import { createHash, randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { mintKey, type PresentedKey } from "../key-format.ts";
import { hashKey, type Argon2 } from "../key-hash.ts";
import type { HashedRow } from "../key-proof.ts";

/** Stands in for argon2 where a test is not about it: of the same form, at no cost. */
export const quickArgon2: Argon2 = async (text, salt, { hashBytes }) =>
  createHash("sha256").update(salt).update(text).digest().subarray(0, hashBytes);

/** Counts its runs and holds each of them until the test lets it go. */
export interface HeldArgon2 {
  readonly argon2: Argon2;
  /** What is being hashed, in the order of its start. */
  readonly held: readonly string[];
  readonly runs: number;
  readonly runningPeak: number;
  /** Lets the first run that is held finish, and whatever follows from it happen. */
  finishOne(): Promise<void>;
  finishAll(): Promise<void>;
}

export function holdArgon2(): HeldArgon2 {
  const held: { text: string; finish: () => void }[] = [];
  let runs = 0;
  let runningPeak = 0;
  const finishOne = async () => {
    held.shift()?.finish();
    await setImmediate();
  };
  return {
    argon2: async (text, salt, parameters) => {
      runs++;
      await new Promise<void>((finish) => {
        held.push({ text, finish });
        runningPeak = Math.max(runningPeak, held.length);
      });
      return quickArgon2(text, salt, parameters);
    },
    get held() {
      return held.map(({ text }) => text);
    },
    get runs() {
      return runs;
    },
    get runningPeak() {
      return runningPeak;
    },
    finishOne,
    async finishAll() {
      await setImmediate();
      while (held.length > 0) await finishOne();
    },
  };
}

export const newKey = (): PresentedKey => mintKey(randomBytes);

/** Another key with the same prefix. */
export const forgeryOf = ({ prefix }: PresentedKey): PresentedKey => ({
  prefix,
  text: prefix + newKey().text.slice(prefix.length),
});

/** The row of a key, hashed by `quickArgon2`. */
export async function rowOf(key: PresentedKey): Promise<HashedRow> {
  return { id: crypto.randomUUID(), keyHash: await hashKey(key.text, randomBytes(16), quickArgon2) };
}
