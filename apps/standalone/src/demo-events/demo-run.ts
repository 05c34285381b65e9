import type { EventData, PublishedEventType } from "@leftrail/contract";

/** What happens next, and how long nothing does afterwards. */
export type DemoStep = (DemoEvent | { readonly kind: "override"; readonly is: "set" | "removed" }) & {
  readonly pauseMs: number;
};

export type DemoEvent = {
  readonly [T in PublishedEventType]: {
    readonly kind: "event";
    readonly type: T;
    readonly data: EventData<T>;
  };
}[PublishedEventType];

export interface DemoSurroundings {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  /** Who acts on changes. */
  readonly people: { readonly owner: string; readonly member: string };
}

const tickPeriodMs = 60_000;

const findings = [
  { severity: "low", source: "GitHub changelog", title: "Actions: the ubuntu-24.04 images are updated" },
  { severity: "medium", source: "AWS price list", title: "Data transfer from eu-central-1 costs 4 % more" },
  {
    severity: "high",
    source: "Stripe API changelog",
    title: "Charges no longer contain refunds.\nOurs reads them in the nightly export.",
  },
  {
    severity: "critical",
    source: "Okta release notes",
    title: "SAML certificates issued before 2024 stop working in 7 days",
  },
] as const;

/**
 * A run of the change radar that finds something of each severity, tells and has people act on it; then one that
 * fails. In the middle the organization's entitlements change in earnest. Moments are those of taking each step.
 */
export function* demoRun({ now, newId, people }: DemoSurroundings): Generator<DemoStep, void, undefined> {
  const at = (laterMs = 0) => new Date(now() + laterMs).toISOString();
  const tick = Math.floor(now() / tickPeriodMs);
  const tickAs = (number: number): DemoEvent => ({
    kind: "event",
    type: "scheduler.tick",
    data: { tick: number, at: at(), nextAt: at(tickPeriodMs) },
  });
  const runId = newId();
  type Stage = EventData<"run.stage">["stage"];
  const stageOf = (run: string) => (stage: Stage, progress: number, message?: string) => ({
    kind: "event" as const,
    type: "run.stage" as const,
    data: { runId: run, stage, progress, ...(message === undefined ? {} : { message }) },
  });
  const stage = stageOf(runId);

  yield { ...tickAs(tick), pauseMs: 600 };
  yield { ...stage("queued", 0), pauseMs: 800 };
  yield { ...stage("fetching", 0.05, "4 sources"), pauseMs: 700 };
  yield { ...stage("fetching", 0.25, "4 of 4 sources"), pauseMs: 700 };
  yield { ...stage("diffing", 0.4), pauseMs: 500 };

  const changeIds: string[] = [];
  for (const finding of findings) {
    const changeId = newId();
    changeIds.push(changeId);
    yield {
      kind: "event",
      type: "change.detected",
      data: { changeId, runId, ...finding, detectedAt: at() },
      pauseMs: 500,
    };
  }
  const [low = "", medium = "", high = "", critical = ""] = changeIds;

  yield { ...stage("analyzing", 0.6, `${changeIds.length} changes`), pauseMs: 900 };
  yield { ...stage("analyzing", 0.75), pauseMs: 600 };
  yield { ...stage("acting", 0.85), pauseMs: 500 };
  const delivered = (
    changeId: string,
    channel: EventData<"action.delivered">["channel"],
    isDelivered = true,
  ) => ({
    kind: "event" as const,
    type: "action.delivered" as const,
    data: {
      actionId: newId(),
      changeId,
      channel,
      status: isDelivered ? ("delivered" as const) : ("failed" as const),
      deliveredAt: at(),
    },
  });
  yield { ...delivered(critical, "slack"), pauseMs: 350 };
  yield { ...delivered(critical, "ticket"), pauseMs: 350 };
  yield { ...delivered(high, "email"), pauseMs: 350 };
  yield { ...delivered(high, "webhook", false), pauseMs: 350 };
  yield { ...stage("done", 1), pauseMs: 1200 };

  type State = EventData<"change.stateChanged">["from"];
  const moved = (changeId: string, from: State, to: State, actorId: string) => ({
    kind: "event" as const,
    type: "change.stateChanged" as const,
    data: { changeId, from, to, actorId, at: at() },
  });
  yield { ...moved(critical, "open", "acknowledged", people.owner), pauseMs: 900 };
  yield { ...moved(low, "open", "dismissed", people.member), pauseMs: 700 };
  yield { ...moved(medium, "open", "snoozed", people.member), pauseMs: 700 };
  yield { kind: "override", is: "set", pauseMs: 2000 };
  yield { ...moved(critical, "acknowledged", "resolved", people.owner), pauseMs: 700 };
  yield { kind: "override", is: "removed", pauseMs: 1500 };

  const failing = stageOf(newId());
  yield { ...tickAs(tick + 1), pauseMs: 500 };
  yield { ...failing("queued", 0), pauseMs: 600 };
  yield { ...failing("fetching", 0.1), pauseMs: 900 };
  yield { ...failing("failed", 0.1, "Okta release notes answered 503 three times"), pauseMs: 1000 };
}
