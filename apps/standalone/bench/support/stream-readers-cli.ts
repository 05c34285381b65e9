import { monotonicMs } from "./stream-marks.ts";
import { StreamReader } from "./stream-reader.ts";
import type { Arrivals, ReadersAnswer, ReadersCommand } from "./stream-readers.ts";

/** The process of `startReaders`. */
const readers: StreamReader[] = [];
/** How many of them have as many marks as are wanted. */
let there = 0;
let wantedMarks = 0;
let onThere = (): void => undefined;
let comebacks = 0;
let refusals = 0;
/** May come while nobody asks. */
let failure: Error | undefined;

/** Of this process alone, and many: finding a free port of an address gets slow with the first few thousand. */
const addresses = Array.from(
  { length: 200 },
  (_, n) => `127.${1 + ((process.pid >> 8) & 127)}.${process.pid & 255}.${1 + n}`,
);

process.on("disconnect", () => process.exit());
process.on("message", (command: ReadersCommand) => {
  run(command).then(answer, fail);
});

async function run(command: ReadersCommand): Promise<ReadersAnswer> {
  if (failure !== undefined) throw failure;
  const startMs = monotonicMs();
  switch (command.kind) {
    case "open":
      return arrivalsSince(startMs, await open(command));
    case "arrivals":
      await untilAllHave(command.marks);
      return arrivalsSince(startMs, readers);
    case "cut":
      await Promise.all(readers.splice(0).map((reader) => reader.cut()));
      return arrivalsSince(startMs, readers);
    default: {
      const unhandled: never = command;
      return unhandled;
    }
  }
}

async function open(command: ReadersCommand & { readonly kind: "open" }): Promise<readonly StreamReader[]> {
  const { port, requests, atOnce, withinMs, marks } = command;
  const opened: StreamReader[] = [];
  const { promise: allHaveBegun, resolve: onAllBegun } = Promise.withResolvers<undefined>();
  let begun = 0;
  const onBegun = (): void => {
    begun++;
    if (begun === requests.length) onAllBegun(undefined);
    if (withinMs === 0) openNext();
  };
  const openNext = (): void => {
    const request = requests[opened.length];
    const address = addresses[opened.length % addresses.length];
    if (request === undefined || address === undefined) return;
    opened.push(
      new StreamReader({
        port,
        address,
        request,
        onBegun,
        onMarks,
        onComeBack: () => void comebacks++,
        onRefused: () => void refusals++,
        onFailure: fail,
      }),
    );
  };
  if (withinMs === 0) for (let count = 0; count < atOnce; count++) openNext();
  else for (const n of requests.keys()) setTimeout(openNext, (n * withinMs) / requests.length);
  await allHaveBegun;
  readers.push(...opened);
  await untilAllHave(marks);
  return opened;
}

function onMarks(before: number, after: number): void {
  if (before >= wantedMarks || after < wantedMarks) return;
  there++;
  onThere();
}

async function untilAllHave(marks: number): Promise<void> {
  wantedMarks = marks;
  there = readers.filter((reader) => reader.marks >= marks).length;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  onThere = () => {
    if (there === readers.length) resolve(undefined);
  };
  onThere();
  await promise;
}

function arrivalsSince(startMs: number, some: readonly StreamReader[]): Arrivals {
  const counts = { comebacks, refusals };
  [comebacks, refusals] = [0, 0];
  return {
    startMs,
    arrivalsMs: Float64Array.from(some, ({ atMs }) => atMs),
    waitedMs: Float64Array.from(some, ({ atMs, askedAtMs }) => atMs - askedAtMs),
    ...counts,
  };
}

const answer = (found: ReadersAnswer): void => void process.send?.(found, () => undefined);

function fail(error: Error): void {
  failure = error;
  answer({ error: error.message });
}
