import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

const bytesPerId = 16;
/** Random bytes fetched at once: asking for each id costs more than the id. */
const poolBytes = bytesPerId * 512;

/** A new request id, a UUIDv7. */
export const mintRequestId: () => string = (() => {
  let pool: Uint8Array | undefined;
  let used = poolBytes;
  return () => {
    if (pool === undefined || used === poolBytes) {
      pool = randomFillSync(new Uint8Array(poolBytes));
      used = 0;
    }
    used += bytesPerId;
    return uuidv7({ random: pool.subarray(used - bytesPerId, used) });
  };
})();
