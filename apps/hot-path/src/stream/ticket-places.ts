import { ticketRenewIntervalMs, type StreamTickets } from "@leftrail/auth";
import type { EventHubs } from "@leftrail/event-broker";
import { randomUUID } from "node:crypto";
import { tickIntervalMs } from "./limits.ts";
import type { StreamConnection } from "./stream-connection.ts";
import { Wheel, type OnWheel } from "./wheel.ts";

/** One of the few streams that a ticket carries. */
export interface TicketPlace {
  readonly hash: string;
  readonly streamId: string;
}

/** What begins the signal that a stream has lost its place to a newer one, on whichever instance it is. */
const supersededMark = "superseded ";

interface HeldPlace extends TicketPlace, OnWheel {
  readonly connection: StreamConnection;
}

/** The places of this process's streams on their tickets: taken, renewed, lost to newer streams, given back. */
export class TicketPlaces {
  readonly #tickets: StreamTickets;
  readonly #hubs: Pick<EventHubs<unknown>, "signal">;
  readonly #byStream = new Map<string, HeldPlace>();
  readonly #byConnection = new Map<StreamConnection, HeldPlace>();
  readonly #wheel = new Wheel<HeldPlace>({ periodMs: ticketRenewIntervalMs, stepMs: tickIntervalMs });

  constructor(tickets: StreamTickets, hubs: Pick<EventHubs<unknown>, "signal" | "onSignal">) {
    this.#tickets = tickets;
    this.#hubs = hubs;
    hubs.onSignal((text) => {
      if (text.startsWith(supersededMark)) this.#supersede(text.slice(supersededMark.length));
    });
  }

  /** Undefined: the ticket has expired. Throws `unavailable`. */
  async take(hash: string, organizationId: string): Promise<TicketPlace | undefined> {
    const streamId = randomUUID();
    const ended = await this.#tickets.open(hash, streamId);
    for (const id of ended ?? []) {
      // Not here, or not yet. If the signal is lost, its stream finds out when it renews its place.
      if (!this.#supersede(id)) this.#hubs.signal(organizationId, supersededMark + id);
    }
    return ended === undefined ? undefined : { hash, streamId };
  }

  /** Whether it was here. */
  #supersede(streamId: string): boolean {
    const place = this.#byStream.get(streamId);
    place?.connection.end("superseded");
    return place !== undefined;
  }

  /** A place that nobody holds, or holds any longer. */
  giveBack({ hash, streamId }: TicketPlace): void {
    // What can't be given back now ends with its lease.
    this.#tickets.close(hash, streamId).catch(() => undefined);
  }

  add(connection: StreamConnection, { hash, streamId }: TicketPlace): void {
    const place = { hash, streamId, connection, slot: 0, index: 0 };
    this.#byStream.set(streamId, place);
    this.#byConnection.set(connection, place);
    this.#wheel.add(place);
  }

  remove(connection: StreamConnection): void {
    const place = this.#byConnection.get(connection);
    if (place === undefined) return;
    this.#byConnection.delete(connection);
    this.#byStream.delete(place.streamId);
    this.#wheel.remove(place);
    this.giveBack(place);
  }

  begin(nowMs: number): void {
    this.#wheel.begin(nowMs);
  }

  advance(nowMs: number): void {
    this.#wheel.advance(nowMs, (place) => void this.#renew(place));
  }

  async #renew({ hash, streamId, connection }: HeldPlace): Promise<void> {
    // While that can't be known, or the ticket itself is lost, its stream goes on: the token still holds.
    const state = await this.#tickets.renew(hash, streamId).catch(() => "unknown");
    if (state === "lost") connection.end("superseded");
  }
}
