import { organizationsRead } from "@leftrail/cache-keys";
import type { EpochTable, ReadCache } from "@leftrail/read-cache";

/** While the relay's last proof is younger, what has changed until now has been heard of, but for the last moments. */
const heardAgeMaxMs = 500;

type Held = ReturnType<EpochTable["hold"]>;

/** Whether a user's organizations may have changed, without asking for them: for whoever watches many users. */
export interface UserChanges {
  /** Whether changes are heard of; while they are not, nothing here tells anything. */
  areHeard(): boolean;
  moment(): number;
  /** To be released by whoever watches no longer. */
  hold(userId: string): HeldUser;
  release(user: HeldUser): void;
  isChangedSince(user: HeldUser, moment: number): boolean;
}

/** Opaque. */
export interface HeldUser {
  readonly states: Held;
}

export const createUserChanges = (
  table: Pick<EpochTable, "hold" | "release" | "moment">,
  { proofAgeMs }: Pick<ReadCache, "proofAgeMs">,
): UserChanges => ({
  areHeard: () => proofAgeMs() <= heardAgeMaxMs,
  moment: () => table.moment(),
  hold: (userId) => ({ states: table.hold(organizationsRead(userId).scopes) }),
  release: ({ states }) => table.release(states),
  isChangedSince: ({ states }, moment) => states.some(({ forgottenAt }) => forgottenAt > moment),
});
