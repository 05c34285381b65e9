import type { Socket } from "node:net";

/** Whether bytes pass: each of them this long after it came, or none at all. */
export type Passage = { readonly latencyMs: number } | "held";

/** One direction of a connection: what comes from one socket goes to the other, in its order. */
export interface FaultLane extends Disposable {
  /** While held nothing passes, neither bytes nor the end nor a reset, and soon nothing is read. */
  set(passage: Passage): void;
}

/** Bytes under way at most, like a TCP window: then the source is not read until some have arrived. */
const inFlightBytesMax = 1024 * 1024;

type Piece = Buffer | "end" | "reset";

/** Opens a lane that is held until told otherwise. The sockets' errors are the caller's to listen to. */
export function openFaultLane(from: Socket, to: Socket): FaultLane {
  const inFlight: { readonly dueMs: number; readonly piece: Piece }[] = [];
  let inFlightBytes = 0;
  let passage: Passage = "held";
  let isSinkFull = false;
  let timer: NodeJS.Timeout | undefined;

  const accept = (piece: Piece): void => {
    const latencyMs = passage === "held" ? 0 : passage.latencyMs;
    inFlight.push({ dueMs: performance.now() + latencyMs, piece });
    if (piece instanceof Buffer) inFlightBytes += piece.length;
    pump();
  };
  const deliver = (piece: Piece): void => {
    if (piece === "end") to.end();
    else if (piece === "reset") to.resetAndDestroy();
    else {
      inFlightBytes -= piece.length;
      isSinkFull = !to.write(piece);
    }
  };
  const mayDeliver = (): boolean => passage !== "held" && !isSinkFull;
  const pump = (): void => {
    clearTimeout(timer);
    while (mayDeliver()) {
      const [next] = inFlight;
      if (next === undefined) break;
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(pump, Math.ceil(waitMs));
        break;
      }
      inFlight.shift();
      deliver(next.piece);
    }
    if (mayDeliver() && inFlightBytes < inFlightBytesMax) from.resume();
    else from.pause();
  };

  from.pause();
  from.on("data", accept);
  from.once("end", () => accept("end"));
  // In its turn, like a byte: through a black hole nobody hears of a crash either.
  from.once("close", (hadError) => {
    if (hadError) accept("reset");
  });
  to.on("drain", () => {
    isSinkFull = false;
    pump();
  });
  return {
    set(next) {
      passage = next;
      pump();
    },
    [Symbol.dispose]() {
      passage = "held";
      inFlight.length = 0;
      clearTimeout(timer);
    },
  };
}
