import type { Scope } from "@leftrail/cache-keys";
import type { RelayMark } from "@leftrail/store";

/** Rows of the outbox that go out together. */
export interface Relayed {
  readonly scopes: readonly Scope[];
  /** How long the oldest of their rows has waited, in milliseconds. */
  readonly ageMs: number;
}

/**
 * Where the relay says what changed. Every method throws when the bus is out of reach; then nothing was said for
 * sure. The marks tell where in what is said something stands.
 */
export interface ChangeBus {
  /** The bus's own clock in milliseconds, the only one that both of its ends compare. */
  now(): Promise<number>;
  /** What is said next begins a session: somebody else may have emptied the outbox since the last word. */
  restart(): void;
  /** Replaces the epochs of the scopes, then says that they were replaced. */
  publish(relayed: Relayed): Promise<RelayMark>;
  /** Says that every change committed before the moment `provenMs` of the bus's clock has been published. */
  beat(provenMs: number): Promise<RelayMark>;
}

/** Who caches, and what it knows of epochs. Called in the order in which things were said. */
export interface ChangeListener {
  /** The epochs of these scopes were replaced. */
  forget(scopes: readonly Scope[]): void;
  /** Something may have been missed. */
  forgetAll(): void;
}
