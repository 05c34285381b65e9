import { followTimeoutMs } from "./limits.ts";

/** One read of the database on behalf of all who asked for the same at the same state. */
interface Flight<T> {
  /** The epochs that were read before it, as one text; those who read others need another flight. */
  readonly stamps: string;
  /** Whether the database may have been read already. */
  isUnderWay: boolean;
  readonly landed: Promise<T>;
}

export interface Boarding<T> {
  readonly id: string;
  readonly stamps: string;
  /** Whether equal stamps say that no invalidation came since that flight began. */
  readonly mayJoinUnderWay: boolean;
  readonly load: () => Promise<T>;
  readonly onJoin: () => void;
}

/**
 * Single flight, keyed by what is read *and* the stamps: nobody who comes after an invalidation joins
 * an older flight. Where stamps prove nothing, those who come while one is under way share the next.
 */
export function createFlights<T>(): { board(boarding: Boarding<T>): Promise<T> } {
  const flightsOf = new Map<string, Set<Flight<T>>>();

  async function fly(flight: Flight<T>, before: readonly Flight<T>[], load: () => Promise<T>): Promise<T> {
    if (before.length > 0) await settledOrTimeout(before.map(({ landed }) => landed));
    flight.isUnderWay = true;
    return load();
  }

  return {
    board({ id, stamps, mayJoinUnderWay, load, onJoin }) {
      const flights = flightsOf.get(id) ?? new Set();
      flightsOf.set(id, flights);
      for (const flight of flights) {
        if (flight.stamps !== stamps || (flight.isUnderWay && !mayJoinUnderWay)) continue;
        onJoin();
        return flight.landed;
      }
      const before = mayJoinUnderWay ? [] : [...flights].filter((flight) => flight.stamps === stamps);
      const { promise: landed, resolve, reject } = Promise.withResolvers<T>();
      const flight: Flight<T> = { stamps, isUnderWay: false, landed };
      flights.add(flight);
      fly(flight, before, load)
        .then(resolve, reject)
        .finally(() => {
          flights.delete(flight);
          if (flights.size === 0) flightsOf.delete(id);
        });
      return landed;
    },
  };
}

/** A flight that hangs does not hold up the next one for long. */
async function settledOrTimeout(landings: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    Promise.allSettled(landings),
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, followTimeoutMs);
    }),
  ]);
  clearTimeout(timer);
}
