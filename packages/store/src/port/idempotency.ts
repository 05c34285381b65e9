/** Whose request it is, in the words of the caller. */
export interface IdempotencyClaim {
  readonly caller: string;
  readonly route: string;
  readonly key: string;
}

/** The first answer, as it is replayed. */
export interface KeptAnswer {
  /** Of the canonical request body. */
  readonly requestHash: string;
  readonly status: number;
  readonly body: unknown;
}

/** Remembers answers in the transaction that earned them. */
export interface Idempotency {
  /** Takes the key until the unit ends: what was kept under it, nothing, or `running` while another unit holds it. */
  claim(claim: IdempotencyClaim): Promise<KeptAnswer | "running" | undefined>;
  /** Keeps the answer for 24 hours. */
  keep(claim: IdempotencyClaim, answer: KeptAnswer): Promise<void>;
}
