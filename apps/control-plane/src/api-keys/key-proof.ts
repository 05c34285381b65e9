import { createHmac, timingSafeEqual } from "node:crypto";
import type { KeyRing } from "@leftrail/store";

/** The parts of a row that a proof is bound to: under another id or another hash it proves nothing. */
export interface HashedRow {
  readonly id: string;
  readonly keyHash: string;
}

/** `HMAC(pepper, HMAC(pepper, key) ‖ row id ‖ stored hash)`: stands for "this string matches this hash". */
export interface Proof {
  readonly pepperId: string;
  readonly bytes: Buffer;
}

export interface ProofMaker {
  readonly currentId: string;
  /** Undefined when the ring has no such pepper. */
  make(pepperId: string, keyText: string, row: HashedRow): Proof | undefined;
  /** A text that can be kept where others may write. */
  seal(proof: Proof, row: HashedRow): string;
  /** The proof of a sealed text; undefined when it is not whole, not of this row, or under a pepper that is gone. */
  open(text: string, row: HashedRow): Proof | undefined;
}

const sealedPattern = /^([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export function createProofMaker(ring: KeyRing): ProofMaker {
  // Without its seal, whoever writes to the shared tier could have a right key refused.
  const sealOf = ({ pepperId, bytes }: Proof, row: HashedRow): Buffer | undefined => {
    const pepper = ring.derive("api-key-proof-seal", pepperId);
    return pepper === undefined ? undefined : hmac(pepper, [bytes, row.id, row.keyHash]);
  };

  return {
    currentId: ring.currentId,
    make(pepperId, keyText, row) {
      const pepper = ring.derive("api-key-proof", pepperId);
      if (pepper === undefined) return undefined;
      return { pepperId, bytes: hmac(pepper, [hmac(pepper, [keyText]), row.id, row.keyHash]) };
    },
    seal(proof, row) {
      const seal = sealOf(proof, row);
      if (seal === undefined) throw new Error("the key ring lost a key");
      return [proof.pepperId, encode(proof.bytes), encode(seal)].join(".");
    },
    open(text, row) {
      const [, pepperId = "", proofText = "", sealText = ""] = sealedPattern.exec(text) ?? [];
      const proof = { pepperId, bytes: Buffer.from(proofText, "base64url") };
      const seal = sealOf(proof, row);
      return seal !== undefined && isSame(seal, Buffer.from(sealText, "base64url")) ? proof : undefined;
    },
  };
}

export const isSameProof = (a: Proof, b: Proof): boolean =>
  a.pepperId === b.pepperId && isSame(a.bytes, b.bytes);

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const encode = (bytes: Buffer): string => bytes.toString("base64url");

// The first part has a fixed length wherever others follow, and so has a row's id.
function hmac(pepper: Buffer, parts: readonly (Buffer | string)[]): Buffer {
  const mac = createHmac("sha256", pepper);
  for (const part of parts) mac.update(part);
  return mac.digest();
}
