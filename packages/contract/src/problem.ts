import { z } from "zod";

/** Every error code a caller can meet, with its HTTP status and title. The only place where a code gets its status. */
export const problemCodes = {
  invalid_input: { status: 400, title: "Invalid input" },
  unauthenticated: { status: 401, title: "Unauthenticated" },
  forbidden: { status: 403, title: "Forbidden" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  conflict: { status: 409, title: "Conflict" },
  payload_too_large: { status: 413, title: "Payload too large" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Internal error" },
  unavailable: { status: 503, title: "Unavailable" },
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** Where an input is wrong: a JSON pointer into the body, `?name` for a query parameter, `/name` for one in the path. */
export const fieldErrorSchema = z.strictObject({ pointer: z.string(), detail: z.string() });
export type FieldError = z.infer<typeof fieldErrorSchema>;

/** The RFC 9457 document of every error answer. */
export const problemSchema = z
  .strictObject({
    type: z.string().startsWith("urn:leftrail:problem:"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(problemCodeNames()),
    instance: z.string().startsWith("urn:leftrail:request:"),
    errors: z.array(fieldErrorSchema).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

function problemCodeNames(): readonly ProblemCode[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the names
  return Object.keys(problemCodes) as ProblemCode[];
}

export interface ProblemErrorOptions {
  readonly errors?: readonly FieldError[];
  /** For 503 and 429: when to come back, in whole seconds. */
  readonly retryAfterSeconds?: number;
  /** What happened inside; logged, never sent. */
  readonly cause?: unknown;
}

/**
 * The one error that packages throw for callers to see. `detail` is public: it
 * must never carry SQL, a token or anything internal; that goes into `cause`.
 */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** The document for one request. */
  toProblem(requestId: string): Problem {
    const { status, title } = problemCodes[this.code];
    return {
      type: `urn:leftrail:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      instance: `urn:leftrail:request:${requestId}`,
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
    };
  }
}
