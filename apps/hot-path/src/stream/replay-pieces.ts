import type { HubEvent } from "@leftrail/event-broker";
import { LRUCache } from "lru-cache";
import { joinFrames, type Frame } from "./frame.ts";
import { replayPieceBytesMax, replayPiecesMax } from "./limits.ts";

/** The beginning of what somebody has missed, in one frame. */
export interface ReplayPiece {
  readonly frame: Frame;
  readonly count: number;
  readonly lastId: string;
  /** Nothing more fits. */
  readonly isFull: boolean;
}

/**
 * Where an instance goes, all its readers come back at once with much the same ids: what follows on one is joined once
 * for all of them, since a write for each event of each reader is most of what they cost.
 */
export class ReplayPieces {
  /** By the first event: what follows on it never changes, though there may be more of it by now. */
  readonly #pieces = new LRUCache<HubEvent<Frame>, ReplayPiece>({ max: replayPiecesMax });

  /** Undefined where there is nothing to join. */
  firstOf(missed: readonly HubEvent<Frame>[]): ReplayPiece | undefined {
    const [first, second] = missed;
    if (first === undefined || second === undefined) return undefined;
    const known = this.#pieces.get(first);
    if (known !== undefined && (known.isFull || known.count === missed.length)) return known;
    const piece = join(missed);
    if (piece.count < 2) return undefined;
    this.#pieces.set(first, piece);
    return piece;
  }
}

function join(missed: readonly HubEvent<Frame>[]): ReplayPiece {
  let bytes = 0;
  const joined: HubEvent<Frame>[] = [];
  for (const event of missed) {
    bytes += event.frame.bytes.length;
    if (bytes > replayPieceBytesMax) break;
    joined.push(event);
  }
  return {
    frame: joinFrames(joined.map(({ frame }) => frame)),
    count: joined.length,
    lastId: joined.at(-1)?.id ?? "",
    isFull: joined.length < missed.length,
  };
}
