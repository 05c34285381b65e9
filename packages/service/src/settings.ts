import { StartError } from "./run-main.ts";

/** What holds when a setting is not set. */
export type WhenUnset<T> =
  | { readonly kind: "required" }
  | { readonly kind: "default"; readonly value: T }
  /** A default that NODE_ENV=production refuses. */
  | { readonly kind: "developmentDefault"; readonly value: T };

/** One setting: how its text is read, an example for the operator, and what holds without it. */
export interface Setting<T> {
  /** Reads a trimmed text that is not empty; throws InvalidSetting for any other. */
  readonly parse: (text: string) => T;
  readonly example: string;
  readonly whenUnset: WhenUnset<T>;
}

export type SettingsSchema = Readonly<Record<string, Setting<unknown>>>;
export type Settings<S extends SettingsSchema> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

/** Says what a text should have been. The message is printed, so it must not repeat the text. */
export class InvalidSetting extends Error {
  override readonly name = "InvalidSetting";
}

/** A parser whose errors explain themselves without repeating the text, as one for a setting. */
export const explained =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidSetting(error instanceof Error ? error.message : "is not valid");
    }
  };

/** Every wrong setting at once, by name, without the values. */
export class SettingsError extends StartError {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(["Wrong settings:", ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.problems = problems;
  }
}

/** Reads all settings of a schema from an environment; an empty text counts as unset. */
export function readSettings<S extends SettingsSchema>(
  env: Readonly<Record<string, string | undefined>>,
  schema: S,
): Settings<S> {
  const isProduction = env["NODE_ENV"] === "production";
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(schema)) {
    try {
      values[name] = readSetting(env[name]?.trim() ?? "", setting, isProduction);
    } catch (error) {
      // Any other error may quote the value, as JSON.parse does.
      const reason = error instanceof InvalidSetting ? error.message : "is not valid";
      const what = reason.startsWith(name) ? reason : `${name} ${reason}`;
      problems.push(`${what}, for example ${name}=${setting.example}`);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return asSettings<S>(values);
}

function readSetting(text: string, setting: Setting<unknown>, isProduction: boolean): unknown {
  if (text !== "") return setting.parse(text);
  const { whenUnset } = setting;
  switch (whenUnset.kind) {
    case "required":
      throw new InvalidSetting("is not set");
    case "default":
      return whenUnset.value;
    case "developmentDefault":
      if (isProduction) throw new InvalidSetting("is not set and has no default in production");
      return whenUnset.value;
    default: {
      const unhandled: never = whenUnset;
      return unhandled;
    }
  }
}

// Holds because the loop above has filled every name of the schema by its own parser.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const asSettings = <S extends SettingsSchema>(values: Record<string, unknown>) => values as Settings<S>;
