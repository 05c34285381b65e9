/**
 * An error as one line for a log: code or name, message, and those of its
 * cause. Own properties are left out: jose's errors carry the claims there.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  const line = `${code}: ${error.message}`;
  return error.cause === undefined ? line : `${line} (${describeError(error.cause)})`;
}
