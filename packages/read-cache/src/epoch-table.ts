import type { Scope } from "@leftrail/cache-keys";

/** What this process knows of one scope's epoch, for as long as somebody holds it. */
export interface ScopeState {
  readonly scope: Scope;
  /** Undefined: it was replaced, or was never learnt. */
  epoch: string | undefined;
  /** When it was last forgotten, as `moment()` counts. */
  forgottenAt: number;
  holders: number;
}

/**
 * The epochs known to this process. An invalidation makes one unknown, and only a reading begun after it
 * makes it known again: so the order in which readings and invalidations arrive does not matter.
 */
export interface EpochTable {
  /** The states of the scopes, kept until they are released as often as they were held. */
  hold(scopes: readonly Scope[]): readonly ScopeState[];
  release(states: readonly ScopeState[]): void;
  /** A moment between two invalidations. */
  moment(): number;
  /** Takes epochs that were read after the moment. False: one of the scopes was forgotten since. */
  learn(states: readonly ScopeState[], epochs: readonly string[], since: number): boolean;
  forget(scopes: readonly Scope[]): void;
  forgetAll(): void;
  readonly size: number;
}

export function createEpochTable(): EpochTable {
  const states = new Map<Scope, ScopeState>();
  let moment = 0;

  function holdOne(scope: Scope): ScopeState {
    const known = states.get(scope);
    if (known !== undefined) {
      known.holders++;
      return known;
    }
    const state = { scope, epoch: undefined, forgottenAt: 0, holders: 1 };
    states.set(scope, state);
    return state;
  }

  function forgetOne(state: ScopeState): void {
    state.epoch = undefined;
    state.forgottenAt = moment;
  }

  return {
    hold: (scopes) => scopes.map(holdOne),
    release(held) {
      for (const state of held) {
        state.holders--;
        if (state.holders === 0) states.delete(state.scope);
      }
    },
    moment: () => moment,
    learn(held, epochs, since) {
      if (isForgottenSince(held, since)) return false;
      for (const [index, state] of held.entries()) state.epoch = epochs[index];
      return true;
    },
    forget(scopes) {
      moment++;
      for (const scope of scopes) {
        const state = states.get(scope);
        if (state !== undefined) forgetOne(state);
      }
    },
    forgetAll() {
      moment++;
      for (const state of states.values()) forgetOne(state);
    },
    get size() {
      return states.size;
    },
  };
}

export const isForgottenSince = (states: readonly ScopeState[], moment: number): boolean =>
  states.some(({ forgottenAt }) => forgottenAt > moment);

/** Whether the stamps are the epochs as they are known here. */
export function areCurrent(states: readonly ScopeState[], stamps: readonly string[]): boolean {
  // A plain loop: this runs for every hit.
  for (let index = 0; index < states.length; index++) {
    const epoch = states[index]?.epoch;
    if (epoch === undefined || epoch !== stamps[index]) return false;
  }
  return true;
}
