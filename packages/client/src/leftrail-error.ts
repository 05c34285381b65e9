import type { ProblemCode } from "@leftrail/contract";

export interface LeftrailErrorInput {
  readonly status: number;
  readonly code: ProblemCode | "unrecognized";
  readonly detail: string;
  readonly requestId?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** An answer that is not what was asked for. A request without any answer rejects as `fetch` does. */
export class LeftrailError extends Error {
  override readonly name = "LeftrailError";
  readonly status: number;
  /** `unrecognized` where the answer is no problem of Leftrail's, such as a proxy's page. */
  readonly code: ProblemCode | "unrecognized";
  readonly detail: string;
  readonly requestId: string | undefined;
  /** When to come back, in whole seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, code, detail, requestId, retryAfterSeconds }: LeftrailErrorInput) {
    super(`${status} ${code}: ${detail}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The error that an answer is; reads its body, whatever that is. */
export async function errorOf(response: Response): Promise<LeftrailError> {
  const problem = parseObject(await response.text());
  const detail = problem["detail"];
  return new LeftrailError({
    status: response.status,
    code: codeOf(problem["code"]),
    detail:
      typeof detail === "string" ? detail : `The answer was ${response.status} without a problem document`,
    requestId: response.headers.get("X-Request-Id") ?? requestIdOf(problem["instance"]),
    retryAfterSeconds: secondsOf(response.headers.get("Retry-After")),
  });
}

/** The error of an answer whose status is fine and whose body is not. */
export const unreadable = (response: Response, detail: string): LeftrailError =>
  new LeftrailError({
    status: response.status,
    code: "unrecognized",
    detail,
    requestId: response.headers.get("X-Request-Id") ?? undefined,
  });

// The contract's own list would bring its schemas into every page; this one can't miss a code.
const codes = {
  invalid_input: true,
  unauthenticated: true,
  forbidden: true,
  not_found: true,
  method_not_allowed: true,
  conflict: true,
  payload_too_large: true,
  unsupported_media_type: true,
  rate_limited: true,
  internal: true,
  unavailable: true,
} satisfies Record<ProblemCode, true>;

const isCode = (value: unknown): value is ProblemCode =>
  typeof value === "string" && Object.hasOwn(codes, value);

const codeOf = (value: unknown): LeftrailErrorInput["code"] => (isCode(value) ? value : "unrecognized");

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** `urn:leftrail:request:<request id>`, for pages that may not read the header. */
function requestIdOf(instance: unknown): string | undefined {
  const prefix = "urn:leftrail:request:";
  return typeof instance === "string" && instance.startsWith(prefix)
    ? instance.slice(prefix.length)
    : undefined;
}

/** Whole seconds; a date, which a proxy might send, would need the server's clock. */
const secondsOf = (retryAfter: string | null): number | undefined =>
  retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
