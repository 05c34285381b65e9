import type { DemoStep } from "./demo-run.ts";
import { describeEvent } from "./describe-event.ts";
import type { RunningLeftrail } from "./running-leftrail.ts";

const typeWidth = "org.entitlements.changed".length;

export interface Stage {
  readonly leftrail: Pick<RunningLeftrail, "publish" | "setOverride" | "removeOverride">;
  readonly print: (line: string) => void;
  /** Rejects once nothing more shall happen. */
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly speed: number;
}

/** Takes the steps one after the other and tells of each. What it set up is taken back, however it ends. */
export async function play(
  steps: Iterable<DemoStep>,
  { leftrail, print, sleep, speed }: Stage,
): Promise<void> {
  try {
    for (const step of steps) {
      print(await take(step, leftrail));
      await sleep(step.pauseMs / speed);
    }
  } finally {
    await leftrail.removeOverride();
  }
}

async function take(step: DemoStep, leftrail: Stage["leftrail"]): Promise<string> {
  if (step.kind === "event") {
    const id = await leftrail.publish(step);
    return `${step.type.padEnd(typeWidth)}  ${describeEvent(step)}  (${id})`;
  }
  // Nobody publishes this one: Leftrail does, for what really changed.
  if (step.is === "set") await leftrail.setOverride();
  else await leftrail.removeOverride();
  return `${"org.entitlements.changed".padEnd(typeWidth)}  follows, for an override was ${step.is}`;
}
