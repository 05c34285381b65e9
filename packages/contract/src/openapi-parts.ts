import { problemCodes, problemSchema, type ProblemCode } from "./problem.ts";

/** The documented error answers of an operation: those of every operation, and those named. */
export function problemAnswers(...codes: readonly ProblemCode[]) {
  const all: readonly ProblemCode[] = [
    "invalid_input",
    "unauthenticated",
    ...codes,
    "internal",
    "unavailable",
  ];
  return Object.fromEntries(
    all.map((code) => [
      problemCodes[code].status,
      {
        description: problemCodes[code].title,
        content: { "application/problem+json": { schema: problemSchema } },
      },
    ]),
  );
}

/** How a caller shows who they are, as a security scheme of the documents. */
export const bearerScheme = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description: "An access token of one of the issuers in AUTH_ISSUERS.",
} as const;

/** How a service shows that it is one of ours. */
export const internalScheme = {
  type: "http",
  scheme: "bearer",
  description: "One of the tokens in INTERNAL_TOKENS.",
} as const;
