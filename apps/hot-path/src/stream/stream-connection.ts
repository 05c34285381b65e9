import type { EventData, StreamEventType } from "@leftrail/contract";
import type { EventHubs, Gap, HubEvent, Start, Subscriber } from "@leftrail/event-broker";
import type { ServerResponse } from "node:http";
import { Backlog } from "./backlog.ts";
import type { EventsFilter } from "./events-filter.ts";
import type { Frame } from "./frame.ts";
import { backlogBytesMax, positionWithinMs, reauthBeforeMs, stalledHeartbeatsMax } from "./limits.ts";
import { encodeHeartbeat, encodeId, encodeOwnEvent, encodeRetry, heartbeat } from "./sse-encoder.ts";
import type { ReplayPieces } from "./replay-pieces.ts";
import { isEventId } from "./stream-request.ts";
import type { OnWheel } from "./wheel.ts";

/** Why a stream is over; `slow` readers are cut off, all others are ended, unless they have gone by themselves. */
export type EndReason = "gone" | "expired" | "revoked" | "slow" | "superseded" | "draining";

/** What a connection asks of those who keep it. */
export interface ConnectionKeeper {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Events that went out, to all connections. */
  sentEvents: number;
  readonly pieces: ReplayPieces;
  /** The connection is over; called once. */
  onOver(connection: StreamConnection, reason: EndReason): void;
}

export interface ConnectionOptions {
  readonly keeper: ConnectionKeeper;
  /** With its headers on their way. */
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly filter: EventsFilter;
  readonly after: string | undefined;
  /** When its token ends. */
  readonly expiresAtMs: number;
}

/** Where a connection stands that has no position yet: before everything, so that coming back with it is a gap. */
const nowhere = "0-0";

/**
 * One reader of an organization's events. There are many thousands, and each event goes through all of them: so
 * a class with plain fields, and bytes that all share, written past the response's own framing.
 */
export class StreamConnection implements Subscriber<Frame>, OnWheel {
  slot = 0;
  index = 0;
  readonly requestId: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly openedAtMs: number;
  sentEvents = 0;
  /** When something about its token is due: asking for another one, then the end. */
  deadlineMs: number;

  readonly #keeper: ConnectionKeeper;
  readonly #response: ServerResponse;
  readonly #filter: EventsFilter;
  readonly #expiresAtMs: number;
  #cursor: string;
  /** A filter has skipped events that the client does not know of. */
  #isBehindCursor = false;
  #isLive = false;
  #isOver = false;
  #isAskingPostponed = false;
  #backlog: Backlog | undefined;
  #attachment: Disposable | undefined;

  constructor({ keeper, response, filter, after = "", expiresAtMs, ...names }: ConnectionOptions) {
    this.#keeper = keeper;
    this.#response = response;
    this.#filter = filter;
    this.#expiresAtMs = expiresAtMs;
    this.#cursor = isEventId(after) ? after : nowhere;
    this.requestId = names.requestId;
    this.userId = names.userId;
    this.organizationId = names.organizationId;
    this.openedAtMs = keeper.wallClock();
    this.deadlineMs = expiresAtMs - reauthBeforeMs;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing of it is on its way any more. */
  get isClosed(): boolean {
    return this.#response.closed;
  }

  get state(): "waiting" | "replaying" | "live" {
    if (!this.#isLive) return "waiting";
    return this.#backlog === undefined ? "live" : "replaying";
  }

  get queuedBytes(): number {
    return this.#response.writableLength + (this.#backlog?.liveBytes ?? 0);
  }

  attachTo(hubs: EventHubs<Frame>, after: string | undefined): void {
    const attachment = hubs.attach(this.organizationId, after, this);
    // It may have been told so much at once that it is over.
    if (this.#isOver) attachment[Symbol.dispose]();
    else this.#attachment = attachment;
  }

  /** Before it is attached. */
  retryAfter(milliseconds: number): void {
    this.#put(encodeRetry(milliseconds));
  }

  begin({ position, gap, replay }: Start<Frame>): void {
    if (this.#isOver) return;
    this.#isLive = true;
    this.#cursor = position;
    this.#put(encodeId(position));
    if (gap !== undefined) this.#put(this.#encodeOwn("stream.gap", gapData(gap), position));
    if (this.#isAskingPostponed) this.onDeadline(this.#keeper.wallClock());
    // Its token may have ended by now.
    if (this.#isOver) return;
    const taken = this.#putPiece(replay);
    if (replay.length === taken) return;
    this.#backlog = new Backlog(replay, taken);
    this.#putBacklog();
  }

  event(event: HubEvent<Frame>): void {
    if (this.#isOver) return;
    if (this.#backlog === undefined) {
      const frame = this.#take(event);
      if (frame !== undefined) this.#write(frame);
      return;
    }
    this.#backlog.push(event);
    if (this.#backlog.liveBytes > backlogBytesMax) this.cutOff();
  }

  gap(gap: Gap): void {
    if (this.#isOver) return;
    const frame = this.#encodeOwn("stream.gap", gapData(gap), gap.resumedFrom);
    this.event({ id: gap.resumedFrom, type: "stream.gap", frame });
  }

  /** Asks for a new token, or ends with the old one. */
  onDeadline(nowMs: number): void {
    if (nowMs >= this.#expiresAtMs) return this.end("expired");
    const positionByMs = Math.min(this.openedAtMs + positionWithinMs, this.#expiresAtMs);
    if (!this.#isLive && nowMs < positionByMs) {
      // Asking has the cursor as its id, so it comes behind the position, if that is to be had soon.
      this.deadlineMs = positionByMs;
      this.#isAskingPostponed = true;
      return;
    }
    this.#isAskingPostponed = false;
    this.deadlineMs = this.#expiresAtMs;
    this.#writeOwn("stream.reauth", { expiresAt: new Date(this.#expiresAtMs).toISOString() });
  }

  onHeartbeat(): void {
    if (this.#backlog !== undefined) {
      // What it is being sent shows that the stream is alive, if only it is read.
      if (this.#backlog.looksInVain() >= stalledHeartbeatsMax) this.cutOff();
    } else if (this.#isBehindCursor) {
      this.#isBehindCursor = false;
      this.#write(encodeHeartbeat(this.#cursor));
    } else this.#write(heartbeat);
  }

  revoke(): void {
    this.#writeOwn("stream.revoked", {});
    this.end("revoked");
  }

  /** What is with the socket still arrives; what is not, the client asks for when it comes back. */
  end(reason: EndReason): void {
    if (this.#isOver) return;
    this.#leave(reason);
    this.#response.end();
  }

  /** A reader that takes less than comes: it comes back with its cursor. */
  cutOff(): void {
    if (this.#isOver) return;
    this.#leave("slow");
    this.destroy();
  }

  destroy(): void {
    this.#response.destroy();
  }

  /** The client has gone, or has got everything after the end. */
  onClose(): void {
    if (!this.#isOver) this.#leave("gone");
  }

  #leave(reason: EndReason): void {
    this.#isOver = true;
    this.#backlog = undefined;
    this.#attachment?.[Symbol.dispose]();
    this.#keeper.onOver(this, reason);
  }

  /** Goes on to an event; undefined where the filter skips it. */
  #take({ id, type, frame }: HubEvent<Frame>): Frame | undefined {
    this.#cursor = id;
    this.#isBehindCursor = this.#filter !== undefined && !this.#filter.has(type);
    if (this.#isBehindCursor) return undefined;
    this.sentEvents++;
    this.#keeper.sentEvents++;
    return frame;
  }

  /** As much as fits one frame for all; answers how many events that were. */
  #putPiece(missed: readonly HubEvent<Frame>[]): number {
    // What a filter leaves is no other's.
    const piece = this.#filter === undefined ? this.#keeper.pieces.firstOf(missed) : undefined;
    if (piece === undefined) return 0;
    const { frame, count, lastId } = piece;
    this.#cursor = lastId;
    this.sentEvents += count;
    this.#keeper.sentEvents += count;
    this.#put(frame);
    return count;
  }

  /** As much as the socket takes at a time; of all sockets together that is little. */
  #putBacklog(): void {
    const { socket } = this.#response;
    socket?.cork();
    for (let event = this.#nextMissed(); event !== undefined; event = this.#nextMissed()) {
      const frame = this.#take(event);
      if (frame !== undefined) this.#put(frame);
    }
    socket?.uncork();
    if (this.#backlog !== undefined) socket?.once("drain", () => this.#putBacklog());
  }

  /** Undefined: nothing is left, or the socket is full. */
  #nextMissed(): HubEvent<Frame> | undefined {
    if (this.#response.socket?.writableNeedDrain === true) return undefined;
    const event = this.#backlog?.next();
    if (event === undefined) this.#backlog = undefined;
    return event;
  }

  #writeOwn<T extends StreamEventType>(type: T, data: EventData<T>): void {
    this.#isBehindCursor = false;
    this.#write(this.#encodeOwn(type, data, this.#cursor));
  }

  #encodeOwn<T extends StreamEventType>(type: T, data: EventData<T>, id: string): Frame {
    const occurredAt = new Date(this.#keeper.wallClock()).toISOString();
    return encodeOwnEvent({ id, type, orgId: this.organizationId, occurredAt, data });
  }

  /** No more than the backlog's limit, but for one event alone, which could never be sent otherwise. */
  #write(frame: Frame): void {
    if (this.#isOver) return;
    const queuedBytes = this.#response.writableLength;
    if (queuedBytes > 0 && queuedBytes + frame.bytes.length > backlogBytesMax) this.cutOff();
    else this.#put(frame);
  }

  #put(frame: Frame): void {
    const response = this.#response;
    const { socket } = response;
    // Behind another request of its connection a response has no socket yet, and keeps what it is given.
    if (socket === null) response.write(frame.bytes);
    else socket.write(response.chunkedEncoding ? frame.chunk : frame.bytes);
  }
}

const gapData = ({ reason, requested, resumedFrom }: Gap): EventData<"stream.gap"> => ({
  reason,
  requested,
  resumedFrom,
});
