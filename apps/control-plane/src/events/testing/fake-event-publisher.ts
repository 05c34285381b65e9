import { ProblemError } from "@leftrail/contract";
import type { EventPublisher, NewEvent } from "@leftrail/event-broker";

export interface FakeEventPublisher extends EventPublisher {
  /** What was published, once for each key, in order. */
  readonly published: readonly (NewEvent & { readonly organizationId: string; readonly id: string })[];
  /** Every call, also those that failed or published nothing new. */
  readonly calls: number;
  /** What happens before a call does anything; throws to fail it. */
  before: (organizationId: string) => Promise<void> | void;
  /** Whether `publishIfOpen` publishes. */
  isOpen: (organizationId: string) => boolean;
}

/** A broker that only remembers: every stream is open, nothing expires. */
export function fakeEventPublisher(): FakeEventPublisher {
  const published: (NewEvent & { organizationId: string; id: string })[] = [];
  const idByKey = new Map<string, string>();
  let calls = 0;
  const publish: EventPublisher["publish"] = async (organizationId, event) => {
    calls++;
    await fake.before(organizationId);
    const key = event.eventKey === undefined ? undefined : `${organizationId} ${event.eventKey}`;
    const known = key === undefined ? undefined : idByKey.get(key);
    if (known !== undefined) return { id: known };
    const id = `1-${published.length + 1}`;
    if (key !== undefined) idByKey.set(key, id);
    published.push({ ...event, organizationId, id });
    return { id };
  };
  const fake: FakeEventPublisher = {
    published,
    get calls() {
      return calls;
    },
    before: () => undefined,
    isOpen: () => true,
    publish,
    publishIfOpen: async (organizationId, event) =>
      fake.isOpen(organizationId) ? publish(organizationId, event) : undefined,
  };
  return fake;
}

/** What a publisher throws while its Redis is out of reach. */
export const outOfReach = (): never => {
  throw new ProblemError("unavailable", "Events can't be published now.");
};
