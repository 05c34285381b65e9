import { StartError } from "@leftrail/service";
import { parseArgs } from "node:util";

export interface DemoOptions {
  /** Without a slash at the end. */
  readonly url: string;
  /** Of the organization: its slug or its id. */
  readonly org: string;
  /** Undefined: the one that the running Leftrail tells. */
  readonly token: string | undefined;
  /** How many times faster than by default. */
  readonly speed: number;
  readonly isLooping: boolean;
}

export const usage = (
  defaultUrl: string,
): string => `Plays a run of the change radar on the stream of an organization of a running \`pnpm dev\`.

  pnpm demo:events [options]

  --url <url>      where Leftrail is (${defaultUrl})
  --org <slug>     whose stream it is, by slug or id (acme)
  --token <token>  an internal token (the running Leftrail's own)
  --speed <n>      n times faster, such as 5 or 0.5 (1)
  --once           one run (this is the default)
  --loop           run after run, until Ctrl-C
  --help           this text`;

/** Throws StartError naming what is wrong; "help" when that was asked for. */
export function readOptions(argv: readonly string[], defaultUrl: string): DemoOptions | "help" {
  const values = parse(argv);
  if (values.help === true) return "help";
  if (values.once === true && values.loop === true) throw wrong("--once and --loop exclude each other.");
  return {
    url: readUrl(values.url ?? defaultUrl),
    org: values.org ?? "acme",
    token: values.token,
    speed: readSpeed(values.speed ?? "1"),
    isLooping: values.loop === true,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      // Runners differ in whether they keep the "--" before a script's own arguments.
      args: argv.filter((argument) => argument !== "--"),
      options: {
        url: { type: "string" },
        org: { type: "string" },
        token: { type: "string" },
        speed: { type: "string" },
        once: { type: "boolean" },
        loop: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : "The arguments are not valid.");
  }
}

function readUrl(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : "";
  if (protocol === "http:" || protocol === "https:") return text.replace(/\/+$/, "");
  throw wrong("--url must be a URL that begins with http:// or https://.");
}

function readSpeed(text: string): number {
  const speed = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw wrong("--speed must be a number above 0, such as 5 or 0.5.");
}

const wrong = (what: string): StartError => new StartError(`${what}\nWhat there is: pnpm demo:events --help`);
