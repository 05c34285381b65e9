import { randomUUID } from "node:crypto";
import type { NewEvent } from "../src/index.ts";

/** An organization that nobody else has. */
export const anOrganization = (): string => randomUUID();

export const occurredAt = "2026-03-01T12:00:00.000Z";

export const anEvent = (data: unknown = {}, eventKey?: string): NewEvent => ({
  type: "run.stage",
  occurredAt,
  data,
  ...(eventKey === undefined ? {} : { eventKey }),
});

/** The id just before another one. */
export function before(id: string): string {
  const [epoch, seq] = id.split("-");
  return `${epoch}-${Number(seq) - 1}`;
}

/** Whether each id is the one after that before it, within one epoch. */
export const areContiguous = (ids: readonly string[]): boolean =>
  ids.every((id, at) => at === 0 || before(id) === ids[at - 1]);

/** Whether ids grow, over epochs too. */
export const areGrowing = (ids: readonly string[]): boolean =>
  ids.every((id, at) => at === 0 || isLower(ids[at - 1]!, id));

function isLower(id: string, other: string): boolean {
  const [epoch = 0, seq = 0] = id.split("-").map(Number);
  const [otherEpoch = 0, otherSeq = 0] = other.split("-").map(Number);
  return epoch < otherEpoch || (epoch === otherEpoch && seq < otherSeq);
}
