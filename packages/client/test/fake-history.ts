interface Kept {
  readonly id: string;
  readonly type: string;
  readonly frame: string;
}

/** One organization's history, faked: its ids, and its events as they stand on the wire. */
export function createFakeHistory() {
  let epoch = 1;
  let events: Kept[] = [];
  const head = (): string => events.at(-1)?.id ?? `${epoch}-0`;

  /** Three lines and a blank one; the data in one line of JSON. */
  const frameOf = (id: string, type: string, data: object): string => {
    const occurredAt = "2026-01-31T12:00:00.000Z";
    return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ id, type, orgId: "acme", occurredAt, data })}\n\n`;
  };
  const own = (type: string, data: object): string => frameOf(head(), type, data);

  return {
    own,
    append(type: string, data: object): Kept {
      const id = `${epoch}-${events.length + 1}`;
      const kept = { id, type, frame: frameOf(id, type, data) };
      events.push(kept);
      return kept;
    },
    /** What a connection begins with: its position, then what came after it, or a gap. */
    readAfter(after: string | null, types: readonly string[]) {
      if (after === null) return { position: head(), frames: [] };
      const index = after === `${epoch}-0` ? -1 : events.findIndex(({ id }) => id === after);
      if (index < 0 && after !== `${epoch}-0`) {
        const gap = { reason: "unknown", requested: after, resumedFrom: head() };
        return { position: head(), frames: [own("stream.gap", gap)] };
      }
      const replay = events.slice(index + 1).filter(({ type }) => types.length === 0 || types.includes(type));
      return { position: after, frames: replay.map(({ frame }) => frame) };
    },
    lose(): void {
      epoch++;
      events = [];
    },
  };
}
