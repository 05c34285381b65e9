/** Whose organization a stream is of, most telling first; undefined: nobody has said and nothing tells. */
export function chooseOrganization({
  ofTicket,
  asked,
  claimed,
  accessible,
}: {
  readonly ofTicket: string | undefined;
  readonly asked: string | undefined;
  /** The token's claim. */
  readonly claimed: string | null;
  /** All that the caller has access to. */
  readonly accessible: readonly string[];
}): string | undefined {
  const only = accessible.length === 1 ? accessible[0] : undefined;
  return ofTicket ?? asked ?? claimed ?? only;
}
