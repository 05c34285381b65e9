import { hash } from "node:crypto";
import type { Found } from "./ports.ts";

/** Characters of the digest in an ETag: 128 bits. */
const etagDigestLength = 22;

/** A final JSON text with the ETag that follows from its bytes alone. */
export const foundOf = (body: string): Found => ({
  kind: "found",
  body,
  bodyBytes: Buffer.byteLength(body),
  etag: `"${hash("sha256", body, "base64url").slice(0, etagDigestLength)}"`,
});
