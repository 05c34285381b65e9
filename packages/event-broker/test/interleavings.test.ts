import fc from "fast-check";
import { test } from "vitest";
import { historyLimits } from "../src/limits.ts";
import { createOrganizationHub } from "../src/redis/organization-hub.ts";
import type { HistoryReading } from "../src/redis/history-reader.ts";
import type { LoggedEvent } from "../src/redis/logged-event.ts";
import { createRingBudget } from "../src/ring-budget.ts";
import { checkStory, isAtLeast } from "./check-story.ts";
import { createModelledRedis } from "./modelled-redis.ts";
import { createRecorder, type Frame, type Recorder } from "./recorder.ts";

type Step =
  | {
      readonly do:
        | "publish"
        | "deliver"
        | "drop"
        | "repeat"
        | "beginRead"
        | "look"
        | "endRead"
        | "failRead"
        | "compare";
    }
  | { readonly do: "attach"; readonly after: number | null }
  | { readonly do: "trim" | "restart"; readonly to: number }
  | { readonly do: "save" | "restartsWhole" | "losesAll" };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constantFrom<("publish" | "deliver" | "drop" | "repeat")[]>(
        ...(["publish", "publish", "deliver", "deliver", "deliver", "drop", "repeat"] as const),
      ),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "beginRead" as const,
        "look" as const,
        "endRead" as const,
        "failRead" as const,
        "compare" as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("attach" as const), after: fc.option(fc.nat(30)) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("trim" as const, "restart" as const), to: fc.nat(5) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("save" as const, "restartsWhole" as const, "losesAll" as const),
    }),
  },
);

/** A hub, its Redis, and what is on its way between them. */
function openScene() {
  const redis = createModelledRedis();
  const hub = createOrganizationHub<Frame>({
    organizationId: "o",
    channel: "c",
    clock: () => 0,
    encode: (event) => event,
    onEvent: () => {},
    limits: historyLimits,
    budget: createRingBudget(Number.POSITIVE_INFINITY),
  });
  const messages: LoggedEvent[] = [];
  const heard: LoggedEvent[] = [];
  const saved = [redis.snapshot()];
  const recorders: Recorder[] = [];
  let read: "none" | "begun" | HistoryReading = "none";
  let mishaps = 0;

  const deliver = (message: LoggedEvent | undefined): void => {
    if (message === undefined) return;
    heard.push(message);
    hub.receive(message);
  };
  const endRead = (): void => {
    if (read === "none") return;
    hub.endRead(read === "begun" ? redis.read(hub.position) : read);
    read = "none";
  };

  function perform(step: Step): void {
    switch (step.do) {
      case "publish":
        messages.push(redis.publish());
        break;
      case "deliver":
        deliver(messages.shift());
        break;
      case "drop":
        messages.shift();
        break;
      case "repeat":
        if (heard.length > 0) hub.receive(heard[heard.length >> 1]!);
        break;
      case "beginRead":
        if (read !== "none" || !hub.needsRead) break;
        hub.beginRead();
        read = "begun";
        break;
      case "look":
        if (read === "begun") read = redis.read(hub.position);
        break;
      case "endRead":
        endRead();
        break;
      case "failRead":
        if (read !== "none") hub.endRead(undefined);
        read = "none";
        break;
      case "compare":
        if (read === "none" && hub.positionId !== undefined && redis.headId !== hub.positionId) hub.suspect();
        break;
      case "attach": {
        const recorder = createRecorder();
        recorders.push(recorder);
        hub.attach(step.after === null ? undefined : redis.published[step.after]?.id, recorder);
        break;
      }
      case "save":
        saved.push(redis.snapshot());
        break;
      case "trim":
        mishaps++;
        redis.trim(step.to);
        break;
      case "restart":
        mishaps++;
        redis.restart(saved[step.to] ?? saved.at(-1)!);
        break;
      case "restartsWhole":
        // Nobody can know that nothing was lost.
        mishaps++;
        redis.restart(redis.snapshot());
        break;
      case "losesAll":
        mishaps++;
        redis.restart({ head: undefined, log: [] });
        break;
      default: {
        const unhandled: never = step;
        throw new Error(String(unhandled));
      }
    }
  }

  /** Nothing more happens: what the hub would be driven to do is done. */
  function settle(): void {
    endRead();
    while (messages.length > 0) deliver(messages.shift());
    for (let rounds = 0; rounds < 10; rounds++) {
      perform({ do: "compare" });
      if (!hub.needsRead) return;
      perform({ do: "beginRead" });
      endRead();
    }
    throw new Error("the hub asks for its history for ever");
  }

  function check(): void {
    const last = redis.published.at(-1);
    for (const recorder of recorders) {
      if (recorder.cursor === undefined) throw new Error("a subscriber never began");
      checkStory(recorder, redis.published);
      if (last !== undefined && !isAtLeast(recorder.cursor, last.id))
        throw new Error(`${last.id} never came`);
      const gap = recorder.gaps[0] ?? recorder.start?.gap;
      if (mishaps === 0 && gap !== undefined) throw new Error(`nothing was lost: ${JSON.stringify(gap)}`);
    }
  }
  return { perform, settle, check };
}

test("messages and readings in any order, late, lost or twice: every event is told once, in order, or behind a gap", () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 40, maxLength: 150 }), (schedule) => {
      const scene = openScene();
      for (const step of schedule) scene.perform(step);
      scene.settle();
      scene.check();
    }),
    { numRuns: 3_000 },
  );
});
