import type { DemoEvent } from "./demo-run.ts";

/** What an event says, in one line for people. */
export const describeEvent = (event: DemoEvent): string => wordsOf(event).replaceAll(/\s+/g, " ");

function wordsOf(event: DemoEvent): string {
  switch (event.type) {
    case "scheduler.tick":
      return `number ${event.data.tick}`;
    case "run.stage": {
      const { stage, progress, message } = event.data;
      return `${stage}, ${Math.round(progress * 100)} %${message === undefined ? "" : `: ${message}`}`;
    }
    case "change.detected": {
      const { severity, source, title } = event.data;
      return `${severity}, ${source}: ${title}`;
    }
    case "action.delivered":
      return `by ${event.data.channel}: ${event.data.status}`;
    case "change.stateChanged":
      return `${event.data.from} → ${event.data.to}`;
    case "org.entitlements.changed":
      return event.data.products.join(", ");
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
