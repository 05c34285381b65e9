import { comparePoints, parsePoint } from "../src/event-id.ts";
import type { Recorder } from "./recorder.ts";

/** What was ever published in an organization, in order. */
export interface Published {
  readonly id: string;
  readonly json: string;
}

export const isAtLeast = (id: string, other: string): boolean =>
  comparePoints(pointOf(id), pointOf(other)) >= 0;

/**
 * Throws unless what a subscriber was told is the truth: each event as it was published, once, in order, and
 * none left out but behind a gap.
 */
export function checkStory({ start, story, events }: Recorder, published: readonly Published[]): void {
  if (start === undefined) return;
  const jsonOf = new Map(published.map(({ id, json }) => [id, json]));
  for (const { id, json } of events) {
    if (jsonOf.get(id) !== json) throw new Error(`${id} is ${json}, and not ${jsonOf.get(id)}`);
  }
  let position = start.position;
  for (const next of story) {
    if (typeof next === "string") {
      const missing = between(position, next, published);
      if (!isAtLeast(next, position) || next === position) throw new Error(`${next} comes after ${position}`);
      if (missing.length > 0)
        throw new Error(`${missing[0]?.id} is left out between ${position} and ${next}`);
      position = next;
    } else {
      if (next.requested !== position)
        throw new Error(`a gap after ${next.requested} is told at ${position}`);
      if (!isAtLeast(next.resumedFrom, position)) throw new Error(`a gap leads back to ${next.resumedFrom}`);
      position = next.resumedFrom;
    }
  }
}

const between = (from: string, to: string, published: readonly Published[]): readonly Published[] =>
  published.filter(({ id }) => !isAtLeast(from, id) && !isAtLeast(id, to));

function pointOf(id: string): { readonly epoch: number; readonly seq: number } {
  const point = parsePoint(id);
  if (point === undefined) throw new Error(`${id} is no id`);
  return point;
}
