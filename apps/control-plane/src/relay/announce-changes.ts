import type { Chore } from "@leftrail/changes";
import type { EventPublisher } from "@leftrail/event-broker";
import type { Logger } from "@leftrail/service";
import type { Announcement, OutboxLease } from "@leftrail/store";

/** Announcements taken at once. */
const announcementsPerStepMax = 100;
/** Organizations told at once. */
const toldAtOnceMax = 50;

/**
 * Tells organizations, as `org.entitlements.changed`, what the relay has told their caches. What can't be told
 * now stays, and comes again with the next pass; who was told already is not told twice.
 */
export function announceChanges(options: {
  readonly events: Pick<EventPublisher, "publishIfOpen">;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly logger: Pick<Logger, "info" | "warn">;
}): Chore {
  const { events, clock, logger } = options;
  let isFailing = false;

  const tell = ({ key, reason }: Announcement, { id, products }: Announcement["organizations"][number]) =>
    events.publishIfOpen(id, {
      type: "org.entitlements.changed",
      occurredAt: new Date(clock()).toISOString(),
      data: { reason, products },
      eventKey: `announcement:${key}`,
    });

  async function tellAll(lease: OutboxLease, announcement: Announcement): Promise<void> {
    const { organizations } = announcement;
    for (let at = 0; at < organizations.length; at += toldAtOnceMax) {
      const some = organizations.slice(at, at + toldAtOnceMax);
      await Promise.all(some.map((organization) => tell(announcement, organization)));
    }
    await lease.announced(announcement);
  }

  return async (lease) => {
    try {
      for (;;) {
        const due = await lease.announcements(announcementsPerStepMax);
        for (const announcement of due) await tellAll(lease, announcement);
        if (isFailing) logger.info("organizations are told again what changed");
        isFailing = false;
        if (due.length === 0) return;
      }
    } catch (err) {
      if (!isFailing) logger.warn({ err }, "organizations can't be told what changed: they will be");
      isFailing = true;
    }
  };
}
