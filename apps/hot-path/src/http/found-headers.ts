import type { Found, Tier } from "@leftrail/read-cache";

/** Where an answer came from; `bypass` never asks a tier. */
export type ServedFrom = Tier | "bypass";

/** RFC 9211. */
const cacheStatus: Readonly<Record<ServedFrom, string>> = {
  l1: "leftrail; hit; detail=l1",
  l2: "leftrail; hit; detail=l2",
  miss: "leftrail; fwd=miss",
  stale: "leftrail; hit; detail=stale",
  bypass: "leftrail; fwd=bypass",
};

/** Of 304: one user's own, which a browser may keep but asks about again, and nobody between may keep. */
export const heldHeaders = ({ etag }: Found, from: ServedFrom) => ({
  "Cache-Control": "private, no-cache",
  Vary: "Authorization",
  ETag: etag,
  "Cache-Status": cacheStatus[from],
});

/** Of an answer with its bytes; their length is said, for HEAD goes without them. */
export const fullHeaders = (found: Found, from: ServedFrom) => ({
  ...heldHeaders(found, from),
  "Content-Type": "application/json",
  "Content-Length": String(found.bodyBytes),
});
