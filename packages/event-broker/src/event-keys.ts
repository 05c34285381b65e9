import { eventKeysMax, eventKeyTtlMs } from "./limits.ts";

/** The ids that idempotency keys were given, each for a day; over the bound the oldest are forgotten. */
export interface EventKeys {
  find(organizationId: string, eventKey: string): string | undefined;
  keep(organizationId: string, eventKey: string, id: string): void;
  expire(): void;
}

/** `clock` in milliseconds. */
export function createEventKeys(clock: () => number, keysMax: number = eventKeysMax): EventKeys {
  // In the order of their ends: the first one ends first.
  const known = new Map<string, { readonly id: string; readonly endsAtMs: number }>();
  const keyOf = (organizationId: string, eventKey: string): string =>
    JSON.stringify([organizationId, eventKey]);

  function expire(): void {
    const nowMs = clock();
    for (const [key, { endsAtMs }] of known) {
      if (endsAtMs > nowMs && known.size <= keysMax) return;
      known.delete(key);
    }
  }

  return {
    find(organizationId, eventKey) {
      expire();
      return known.get(keyOf(organizationId, eventKey))?.id;
    },
    keep(organizationId, eventKey, id) {
      known.set(keyOf(organizationId, eventKey), { id, endsAtMs: clock() + eventKeyTtlMs });
      expire();
    },
    expire,
  };
}
