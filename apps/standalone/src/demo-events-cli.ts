import { runMain, untilSignal } from "@leftrail/service";
import { demoUsers } from "@leftrail/store";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "./config.ts";
import { demoRun } from "./demo-events/demo-run.ts";
import { readOptions, usage } from "./demo-events/options.ts";
import { play } from "./demo-events/play.ts";
import { findRunningLeftrail, type RunningLeftrail } from "./demo-events/running-leftrail.ts";

/** `pnpm demo:events`: plays a run on the stream of an organization of the running `pnpm dev`. */
await runMain(async () => {
  const { HOST, PORT } = readConfig(process.env);
  const defaultUrl = `http://${HOST}:${PORT}`;
  const options = readOptions(process.argv.slice(2), defaultUrl);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  if (options === "help") {
    print(usage(defaultUrl));
    return;
  }
  using until = untilSignal();
  const gone = new AbortController();
  // Whoever read our words has had enough of them, as with `| head`.
  process.stdout.on("error", () => gone.abort());
  const signal = AbortSignal.any([until.signal, gone.signal]);
  try {
    const leftrail = await findRunningLeftrail(options, signal);
    print(howToWatch(options.url, leftrail));
    const people = { owner: demoUsers.alice.userId, member: demoUsers.bob.userId };
    do {
      await play(demoRun({ now: Date.now, newId: randomUUID, people }), {
        leftrail,
        print,
        speed: options.speed,
        sleep: (ms) => sleep(ms, undefined, { signal }),
      });
    } while (options.isLooping);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
});

function howToWatch(url: string, { organization, watcher }: RunningLeftrail): string {
  const what = `the stream of ${organization.name}`;
  if (watcher === undefined) return `None of the demo's people may watch ${what}.\n`;
  return [
    `Watch ${what} in another terminal, as ${watcher}:`,
    `  curl -N -s '${url}/v1/stream?org_id=${organization.id}' -H "Authorization: Bearer $(curl -s '${url}/dev/token?user=${watcher}' | cut -d'"' -f4)"`,
    "",
  ].join("\n");
}
