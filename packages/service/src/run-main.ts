/** A reason not to start that an operator can act on: its message is all that is printed. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}

/** As much of `process` as a main needs. */
export interface MainHost {
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}

/** Runs a main; a failure is printed on stderr, plainly where it explains itself, and exits with 1. */
export async function runMain(main: () => Promise<void>, host: MainHost = process): Promise<void> {
  try {
    await main();
  } catch (error) {
    host.stderr.write(`${explain(error)}\n`);
    host.exitCode = 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof StartError) return error.message;
  return error instanceof Error
    ? (error.stack ?? error.message)
    : "Failed: something that is no Error was thrown.";
}
