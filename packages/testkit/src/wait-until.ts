import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

export interface WaitOptions {
  /** What is waited for, as the error tells it: "the second page to arrive". */
  readonly what: string;
  readonly timeoutMs?: number;
  /** Between the end of one look and the next. */
  readonly intervalMs?: number;
}

type Truthy<T> = Exclude<T, false | 0 | 0n | "" | null | undefined>;

/**
 * The first truthy value of a condition, which is looked at again and again; throwing counts as
 * not yet. Rejects with `what` and the last value or error, also when a look takes too long.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 10_000, intervalMs = 20 }: WaitOptions,
): Promise<Truthy<T>> {
  const tooLate = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => tooLate.resolve(undefined), timeoutMs);
  let last: Look<T> | undefined;
  try {
    for (;;) {
      const look = await Promise.race([lookAt(condition), tooLate.promise]);
      if (look !== undefined && "value" in look && isTruthy(look.value)) return look.value;
      last = look ?? last;
      const isTimeLeft =
        look !== undefined && (await Promise.race([delay(intervalMs, true), tooLate.promise]));
      if (isTimeLeft !== true) break;
    }
  } finally {
    clearTimeout(timer);
  }
  const cause = last !== undefined && "error" in last ? { cause: last.error } : undefined;
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}; ${described(last)}`, cause);
}

type Look<T> = { readonly value: T } | { readonly error: unknown };

async function lookAt<T>(condition: () => T | Promise<T>): Promise<Look<T>> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}

const isTruthy = <T>(value: T): value is T & Truthy<T> => Boolean(value);

function described(last: Look<unknown> | undefined): string {
  if (last === undefined) return "the first look gave no answer";
  if ("value" in last) return `the last value was ${inspect(last.value)}`;
  return `the last error was ${last.error instanceof Error ? last.error.message : inspect(last.error)}`;
}
