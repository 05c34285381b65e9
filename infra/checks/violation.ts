/** What is wrong with a file, and the reason for the rule. */
export interface Violation {
  readonly path: string;
  readonly what: string;
  readonly why: string;
}

export function describeViolation({ path, what, why }: Violation): string {
  return `${path}: ${what}; ${why}`;
}
