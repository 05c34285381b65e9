/** One state of the truth: what the answer was, and from when to when it may have been. */
interface Version {
  readonly answer: string | null;
  /** Before anything could see it. */
  readonly fromMs: number;
  /** After nobody could miss the next one; Infinity: it is the truth now. */
  untilMs: number;
}

/** How old an answer may be, by the contract. */
const freshWithinMs = 1_000;

/** What was true of one thing, and when; judges what was answered about it. */
export class VersionHistory {
  readonly #versions: Version[] = [];

  /** The truth is `answer` since some moment of the span; the same answer again is no new version. */
  append(answer: string | null, fromMs: number, untilMs: number): void {
    const last = this.#versions.at(-1);
    if (last?.answer === answer) return;
    if (last !== undefined) last.untilMs = untilMs;
    this.#versions.push({ answer, fromMs, untilMs: Number.POSITIVE_INFINITY });
  }

  /**
   * The first version from `notBefore` on that explains an answer asked for and given at these moments: it was
   * true at some time within the last second. Undefined: nothing explains it.
   */
  explain(
    answer: string | null,
    notBefore: number,
    { askedMs, answeredMs }: { readonly askedMs: number; readonly answeredMs: number },
  ): number | undefined {
    const index = this.#versions.findIndex(
      (version, at) =>
        at >= notBefore &&
        version.answer === answer &&
        version.fromMs <= answeredMs &&
        version.untilMs >= askedMs - freshWithinMs,
    );
    return index === -1 ? undefined : index;
  }

  describe(): string {
    return this.#versions
      .map(({ answer, fromMs, untilMs }) => `${fromMs.toFixed(0)}–${untilMs.toFixed(0)}: ${answer}`)
      .join("\n");
  }
}
