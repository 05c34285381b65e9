import { ProblemError } from "@leftrail/contract";
import type { KeyRing } from "@leftrail/store";
import { createHmac, timingSafeEqual } from "node:crypto";
import type { z } from "zod";

/** What a cursor belongs to: the list, all its filters, and who reads it. */
export interface CursorScope {
  readonly list: string;
  readonly userId: string;
  readonly filters: Readonly<Record<string, string | null>>;
}

/** Turns positions into opaque texts and back; a text that was altered or belongs elsewhere is 400. */
export interface CursorCodec {
  encode(scope: CursorScope, position: unknown): string;
  decode<S extends z.ZodType>(scope: CursorScope, text: string, position: S): z.output<S>;
}

const macBytes = 16;

export function createCursorCodec(ring: KeyRing): CursorCodec {
  const macOf = (keyId: string, scope: CursorScope, payload: Buffer): Buffer => {
    const key = ring.derive("cursor", keyId);
    if (key === undefined) throw new Error("the key ring lost a key");
    const { list, userId, filters } = scope;
    const bound = JSON.stringify([
      list,
      userId,
      Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    return createHmac("sha256", key)
      .update(bound)
      .update("\n")
      .update(payload)
      .digest()
      .subarray(0, macBytes);
  };

  return {
    encode(scope, position) {
      const payload = Buffer.from(JSON.stringify(position));
      return Buffer.concat([macOf(ring.currentId, scope, payload), payload]).toString("base64url");
    },
    decode(scope, text, position) {
      const bytes = Buffer.from(text, "base64url");
      // Node decodes leniently: two texts could stand for the same bytes.
      if (bytes.toString("base64url") !== text || bytes.length <= macBytes) throw notACursor();
      const [mac, payload] = [bytes.subarray(0, macBytes), bytes.subarray(macBytes)];
      if (!ring.ids.some((id) => timingSafeEqual(mac, macOf(id, scope, payload)))) throw notACursor();
      return position.parse(JSON.parse(payload.toString("utf8")));
    },
  };
}

const notACursor = (): ProblemError =>
  new ProblemError("invalid_input", "The query is not valid.", {
    errors: [{ pointer: "?cursor", detail: "is not a cursor of this list with these filters" }],
  });
