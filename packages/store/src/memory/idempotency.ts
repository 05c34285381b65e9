import type { Idempotency, IdempotencyClaim } from "../port/idempotency.ts";
import { plusSeconds } from "./api-keys.ts";
import type { Snapshot } from "./snapshot.ts";

const keptSeconds = 24 * 60 * 60;

/** Units run one after another here, so that a key is never still taken when it is claimed. */
export function idempotencyOf({ tables, now }: Snapshot): Idempotency {
  return {
    async claim(claim) {
      const row = tables.idempotencyKeys.get(slotOf(claim));
      if (row === undefined || row.expiresAt <= now) return undefined;
      const { expiresAt: _expiresAt, ...answer } = row;
      return answer;
    },
    async keep(claim, answer) {
      for (const [slot, row] of tables.idempotencyKeys) {
        if (row.expiresAt <= now) tables.idempotencyKeys.delete(slot);
      }
      tables.idempotencyKeys.set(slotOf(claim), { ...answer, expiresAt: plusSeconds(now, keptSeconds) });
    },
  };
}

const slotOf = ({ caller, route, key }: IdempotencyClaim): string => JSON.stringify([caller, route, key]);
