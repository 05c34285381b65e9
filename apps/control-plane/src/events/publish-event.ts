import { ProblemError, type PublishedEventBody, type PublishEventInput } from "@leftrail/contract";
import { everyTenant } from "../access/every-tenant.ts";
import { refuseCancelled } from "../access/guards.ts";
import type { InternalContext } from "../internal/internal-context.ts";

/** Tells an organization's stream what a service says has happened. */
export async function publishEvent({
  ctx: { store, events, now },
  input,
}: {
  ctx: Pick<InternalContext, "store" | "events" | "now">;
  input: PublishEventInput;
}): Promise<PublishedEventBody> {
  const view = await store.read.tenants.find({ id: input.org_id }, everyTenant);
  if (view === undefined) throw new ProblemError("not_found", "The organization does not exist.");
  refuseCancelled(view.tenant);
  const { id } = await events.publish(input.org_id, {
    type: input.type,
    occurredAt: new Date(now()).toISOString(),
    data: input.data,
    // So that no caller's key is one of ours, such as a tick's.
    ...(input.event_key === undefined ? {} : { eventKey: `caller:${input.event_key}` }),
  });
  return { id };
}
