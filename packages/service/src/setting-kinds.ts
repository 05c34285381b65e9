import { InvalidSetting, type Setting, type WhenUnset } from "./settings.ts";

/** Without either of the two, a setting is required. */
export type UnsetOptions<T> =
  | { readonly default?: T; readonly developmentDefault?: never }
  | { readonly default?: never; readonly developmentDefault?: T };

/** A setting with a parser of its own, which throws InvalidSetting without repeating the text. */
export const custom = <T>(
  options: { readonly parse: (text: string) => T; readonly example: string } & UnsetOptions<T>,
): Setting<T> => ({
  parse: options.parse,
  example: options.example,
  whenUnset: whenUnset(options),
});

/** The same setting, undefined when it is not set. */
export const optional = <T>(setting: Setting<T>): Setting<T | undefined> => ({
  ...setting,
  whenUnset: { kind: "default", value: undefined },
});

/** Any text. */
export const text = (options: { readonly example: string } & UnsetOptions<string>): Setting<string> =>
  custom({ parse: (value) => value, ...options });

/** A whole number in decimal digits. */
export const integer = (
  options: { readonly min: number; readonly max: number } & UnsetOptions<number>,
): Setting<number> =>
  custom({
    parse: (value) => {
      const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= options.min && number <= options.max) return number;
      throw new InvalidSetting(`must be a whole number from ${options.min} to ${options.max}`);
    },
    example: String(options.default ?? options.developmentDefault ?? options.min),
    ...options,
  });

/** One of the values. */
export const oneOf = <const T extends string>(
  values: readonly [T, ...T[]],
  options: UnsetOptions<NoInfer<T>> = {},
): Setting<T> =>
  custom<T>({
    parse: (value) => {
      const found = values.find((candidate) => candidate === value);
      if (found === undefined) throw new InvalidSetting(`must be one of ${values.join(", ")}`);
      return found;
    },
    example: values[0],
    ...options,
  });

/** An absolute URL of one of the protocols, written as "https:". */
export const url = (
  options: {
    readonly protocols: readonly [string, ...string[]];
    readonly example: string;
  } & UnsetOptions<string>,
): Setting<string> =>
  custom({
    parse: (value) => {
      const protocol = URL.canParse(value) ? new URL(value).protocol : "";
      if (options.protocols.includes(protocol)) return value;
      throw new InvalidSetting(`must be a URL that begins with ${options.protocols.join(" or ")}`);
    },
    ...options,
  });

/** Texts separated by commas; empty ones are dropped. */
export const list = (
  options: { readonly example: string } & UnsetOptions<readonly string[]>,
): Setting<readonly string[]> =>
  custom<readonly string[]>({
    parse: (value) =>
      value
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== ""),
    ...options,
  });

function whenUnset<T>(options: UnsetOptions<T>): WhenUnset<T> {
  if (options.default !== undefined) return { kind: "default", value: options.default };
  if (options.developmentDefault !== undefined)
    return { kind: "developmentDefault", value: options.developmentDefault };
  return { kind: "required" };
}
