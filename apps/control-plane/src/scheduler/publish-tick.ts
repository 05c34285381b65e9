import type { EventPublisher } from "@leftrail/event-broker";
import type { Store } from "@leftrail/store";
import { everyTenant } from "../access/every-tenant.ts";
import type { Tick } from "./tick.ts";

/** Tenants read at once. */
export const tenantsPerPage = 500;
/** Publishes under way at once. */
export const publishesAtOnceMax = 16;
/** After so many failures without a success between them, the others would fail too. */
export const failuresInARowMax = 2 * publishesAtOnceMax;

export interface TickSurroundings {
  readonly store: { readonly read: Pick<Store["read"], "tenants"> };
  readonly events: Pick<EventPublisher, "publishIfOpen">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Publishes a tick to every active tenant whose stream anybody could have seen it on. Stops when the signal fires;
 * throws the first error when it could not be published to all of them.
 */
export async function publishTick(
  { store, events, now }: TickSurroundings,
  { data, eventKey }: Tick,
  signal: AbortSignal,
): Promise<void> {
  const failures: unknown[] = [];
  let failuresInARow = 0;
  const isOver = () => signal.aborted || failuresInARow >= failuresInARowMax;

  async function publishTo(organizationId: string): Promise<void> {
    const occurredAt = new Date(now()).toISOString();
    try {
      await events.publishIfOpen(organizationId, { type: "scheduler.tick", occurredAt, data, eventKey });
      failuresInARow = 0;
    } catch (error) {
      failuresInARow++;
      if (failures.length === 0) failures.push(error);
    }
  }

  const query = { viewer: everyTenant, status: "active" } as const;
  let page = await store.read.tenants.list(query, { limit: tenantsPerPage, after: null });
  for (;;) {
    await eachOf(page.items, async ({ id }) => {
      if (!isOver()) await publishTo(id);
    });
    if (page.next === null || isOver()) break;
    page = await store.read.tenants.list(query, { limit: tenantsPerPage, after: page.next });
  }
  if (failures.length > 0) throw failures[0];
}

/** Several at once: each worker takes the next item when it is done with its last. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: publishesAtOnceMax }, worker));
}
