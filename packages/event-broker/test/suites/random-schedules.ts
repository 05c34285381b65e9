import { waitUntil } from "@leftrail/testkit";
import fc from "fast-check";
import { test } from "vitest";
import { silenceMaxMs } from "../../src/limits.ts";
import type { Broker, BrokerKind, View } from "../brokers.ts";
import { checkStory, isAtLeast, type Published } from "../check-story.ts";
import { createRecorder, type Recorder } from "../recorder.ts";
import { anEvent, anOrganization, occurredAt } from "../sample-events.ts";

const organizationsMax = 2;

type Command =
  | { readonly do: "publish"; readonly organization: number; readonly key: number | null }
  | {
      readonly do: "attach";
      readonly organization: number;
      readonly view: number;
      /** Which of the organization's ids it comes with; null: none. */
      readonly after: number | null;
    }
  | { readonly do: "move" | "detach"; readonly subscriber: number; readonly view: number }
  | { readonly do: "kill" | "flush" | "silence" };

const organization = fc.nat(organizationsMax - 1);
const view = fc.nat(1);
const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      organization,
      key: fc.option(fc.nat(5), { freq: 3 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("attach" as const),
      organization,
      view,
      after: fc.option(fc.nat(50), { freq: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("move" as const, "detach" as const),
      subscriber: fc.nat(20),
      view,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "flush" as const, "silence" as const) }),
  },
);

/** A subscriber's life on one hub: it ends when it moves, and another one goes on from its cursor. */
interface Stay {
  readonly organization: number;
  readonly recorder: Recorder;
  readonly attached: Disposable;
  isAttached: boolean;
  /** Whether it may have begun with a gap: its id was never of this history, or may be lost. */
  readonly mayHaveGap: boolean;
}

export function randomSchedules(kind: BrokerKind, runsMax: number): void {
  test(
    `whatever happens in whatever order, each event is told once, in order, or behind a gap (${kind.name})`,
    { timeout: 120_000 },
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(commands, { maxLength: 40 }), async (schedule) => {
          await using broker = await kind.open();
          await new Schedule(broker, [broker, await broker.openView()]).run(schedule);
        }),
        { numRuns: runsMax },
      ),
  );
}

class Schedule {
  private readonly ids: readonly string[] = Array.from({ length: organizationsMax }, anOrganization);
  private readonly published: readonly Published[][] = this.ids.map(() => []);
  private readonly keys = new Map<string, string>();
  private readonly stays: Stay[] = [];
  private losses = 0;
  private readonly broker: Broker;
  private readonly views: readonly View[];

  constructor(broker: Broker, views: readonly View[]) {
    this.broker = broker;
    this.views = views;
  }

  async run(schedule: readonly Command[]): Promise<void> {
    for (const command of schedule) await this.perform(command);
    await this.settle();
    for (const { organization: at, recorder, mayHaveGap } of this.stays) {
      checkStory(recorder, this.published[at]!);
      const gaps = [...recorder.gaps, ...(mayHaveGap ? [] : [recorder.start?.gap])].filter((gap) => gap);
      if (this.losses === 0 && gaps.length > 0) throw new Error(`nothing was lost: ${JSON.stringify(gaps)}`);
    }
  }

  private async perform(command: Command): Promise<void> {
    switch (command.do) {
      case "publish":
        return this.publish(command.organization, command.key);
      case "attach":
        return this.attach(command.organization, command.view, command.after);
      case "move":
      case "detach":
        return this.detach(command.subscriber, command.do === "move" ? command.view : undefined);
      case "kill":
        await this.broker.mishaps?.loseConnections();
        return undefined;
      case "flush":
        if (this.broker.mishaps === undefined) return undefined;
        this.losses++;
        this.keys.clear();
        await this.broker.mishaps.loseEverything();
        return undefined;
      case "silence":
        return this.silence();
      default: {
        const unhandled: never = command;
        return unhandled;
      }
    }
  }

  private async publish(at: number, key: number | null): Promise<void> {
    const n = this.published[at]!.length;
    const eventKey = key === null ? undefined : `${key}`;
    const known = eventKey === undefined ? undefined : this.keys.get(`${at} ${eventKey}`);
    const { id } = await this.broker.publisher.publish(this.ids[at]!, anEvent({ n }, eventKey));
    if (known !== undefined && id !== known) throw new Error(`the key of ${known} was given ${id}`);
    if (known !== undefined) return;
    if (this.published[at]!.some((event) => event.id === id)) throw new Error(`${id} is given twice`);
    if (eventKey !== undefined) this.keys.set(`${at} ${eventKey}`, id);
    const json = JSON.stringify({ id, type: "run.stage", orgId: this.ids[at], occurredAt, data: { n } });
    this.published[at]!.push({ id, json });
  }

  private attach(at: number, viewAt: number, after: number | null): void {
    const known = this.published[at]!;
    const id = after === null ? undefined : (known[after]?.id ?? "never-given");
    this.stay(at, viewAt, id, id === "never-given");
  }

  private stay(at: number, viewAt: number, after: string | undefined, mayHaveGap: boolean): void {
    const recorder = createRecorder();
    const attached = this.views[viewAt]!.hubs.attach(this.ids[at]!, after, recorder);
    this.stays.push({ organization: at, recorder, attached, isAttached: true, mayHaveGap });
  }

  private detach(subscriber: number, toView: number | undefined): void {
    const stay = this.stays[subscriber];
    if (stay === undefined || !stay.isAttached) return;
    stay.attached[Symbol.dispose]();
    stay.isAttached = false;
    if (toView !== undefined) this.stay(stay.organization, toView, stay.recorder.cursor, false);
  }

  private async silence(): Promise<void> {
    this.broker.skip(silenceMaxMs);
    await Promise.all(this.views.map(({ hubs }) => hubs.tick()));
  }

  /** Until everybody who is there has heard of the last event, or of its loss. */
  private async settle(): Promise<void> {
    for (const at of this.ids.keys()) await this.publish(at, null);
    await waitUntil(
      async () => {
        if (this.stays.every((stay) => !stay.isAttached || this.isUpToDate(stay))) return true;
        await this.silence();
        return false;
      },
      { what: "everybody to be up to date" },
    );
  }

  private isUpToDate({ organization: at, recorder }: Stay): boolean {
    const last = this.published[at]!.at(-1);
    return recorder.cursor !== undefined && (last === undefined || isAtLeast(recorder.cursor, last.id));
  }
}
