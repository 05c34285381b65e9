import type { KeyedRead } from "@leftrail/cache-keys";
import type { RelayMark } from "@leftrail/store";

/** Where an answer came from; `miss` is the database. */
export type Tier = "l1" | "l2" | "miss" | "stale";

/** A final answer: nothing is left to be done to it but to be sent as UTF-8. */
export interface Found {
  readonly kind: "found";
  /** A text, for Node sends one in one piece with the headers, and a buffer in a second one. */
  readonly body: string;
  /** Its length in UTF-8. */
  readonly bodyBytes: number;
  /** With its quotes; the same for the same bytes, on every instance. */
  readonly etag: string;
}

/** There is nothing for this caller. Kept only in the process, never in Redis. */
interface Absent {
  readonly kind: "absent";
}

export type Answer = Found | Absent;
export type ReadAnswer = Answer & { readonly tier: Tier };

/** What the database answered. */
export type Loaded =
  | {
      readonly kind: "found";
      readonly body: string;
      /** Milliseconds from the read to the moment at which time alone changes the answer; null: never. */
      readonly endsInMs: number | null;
    }
  | Absent;

export interface ReadRequest {
  readonly read: KeyedRead;
  /** What else decides the answer under one key, as whether the caller is internal. */
  readonly variant: string;
  /** One read of the database; throws `unavailable` when it can't answer now. */
  readonly load: () => Promise<Loaded>;
}

/** What is heard of the relay. Local moments are the process's monotonic clock in milliseconds. */
export interface ChangeFeed {
  /** Before this moment every commit has been heard here; -Infinity: nothing is known. */
  provenAtMs(): number;
  /** Whether everything that the relay said up to this mark has been heard here. */
  hasHeard(mark: RelayMark): boolean;
}

/** The tier that instances share, with the epochs of all scopes. */
export interface SharedTier {
  /** Whether what it says counts now. */
  isUsable(nowMs: number): boolean;
  /**
   * The value and the epochs of the scopes, in one round trip; an epoch that is not there is made. Rejects
   * when they can't be had in time.
   */
  read(request: KeyedRead, known: KnownEpochs): Promise<SharedReading>;
  /** Keeps an entry for others; at once and without a promise, for nobody waits for it. */
  write(key: string, entry: SharedEntry): void;
}

/** What this process knows of the epochs of a request's scopes. */
export interface KnownEpochs {
  readonly epochs: readonly (string | undefined)[];
  /** Whether they are those of now: every commit until lately has been heard here. */
  readonly areProven: boolean;
}

export interface SharedReading {
  readonly epochs: readonly string[];
  /** Undefined: nothing, or nothing that could be read. `found` is checked against key, variant and digest by `open`. */
  open(variant: string): SharedEntry | undefined;
}

/** An entry as instances share it; its ends are local moments. */
export interface SharedEntry {
  readonly variant: string;
  readonly stamps: readonly string[];
  readonly answer: Found;
  readonly freshUntilMs: number;
  /** The moment at which time alone changes the answer; Infinity: never. */
  readonly endsAtMs: number;
}
