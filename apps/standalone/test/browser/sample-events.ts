import { expect } from "vitest";
import type { EventData, PublishedEventType } from "@leftrail/contract";

export type SampleEvent = {
  readonly [T in PublishedEventType]: { readonly type: T; readonly data: EventData<T> };
}[PublishedEventType];

const at = "2026-01-31T12:00:00.000Z";
const data: { readonly [T in PublishedEventType]: EventData<T> } = {
  "scheduler.tick": { tick: 1, at, nextAt: "2026-01-31T12:01:00.000Z" },
  "run.stage": { runId: "run-1", stage: "fetching", progress: 0.25, message: "4 sources\nof 4 – “é” 🚦" },
  "change.detected": {
    changeId: "change-1",
    runId: "run-1",
    source: "Stripe",
    title: "data: not a line of its own\r\n\r\nid: 0-0\n\nnor this",
    severity: "high",
    detectedAt: at,
  },
  "action.delivered": {
    actionId: "action-1",
    changeId: "change-1",
    channel: "slack",
    status: "failed",
    deliveredAt: at,
  },
  "change.stateChanged": { changeId: "change-1", from: "open", to: "snoozed", actorId: "bob", at },
  "org.entitlements.changed": { reason: "override", products: ["ai-chat", "change-radar"] },
};

/** One event of each type that services publish. */
export const sampleEvents: readonly SampleEvent[] = Object.entries(data).map(
  ([type, of]) => ({ type, data: of }) as SampleEvent,
);

/** What a stream makes of them, once they were published. */
export const streamedSamples = (orgId: string, ids: readonly string[]) =>
  sampleEvents.map((event, index) => ({ id: ids[index], orgId, occurredAt: aMoment, ...event }));

const aMoment: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** All types that a stream may carry. */
export const streamTypes: readonly string[] = [
  ...Object.keys(data),
  "stream.gap",
  "stream.reauth",
  "stream.revoked",
];

/** A tick of a number, to publish many of. */
export const tick = (number: number): SampleEvent => ({
  type: "scheduler.tick",
  data: { ...data["scheduler.tick"], tick: number },
});
