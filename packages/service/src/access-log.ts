import type { Context, MiddlewareHandler } from "hono";
import { rawOutputOf, type Logger } from "./logger.ts";
import { routeLabel } from "./route-label.ts";
import { requestIdOf } from "./service-env.ts";

/** Characters of a path that a log line holds at most. */
export const loggedPathLengthMax = 512;

const quietPaths: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** What one line says: who and what, never headers, bodies or the query. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly userId: string | undefined;
}

/** Writes a line for each answered request. By hand: with the general logger the line costs more than a cached answer. */
export function createAccessLog(logger: Logger): (answered: AnsweredRequest) => void {
  const { name, write } = rawOutputOf(logger);
  const levels = { error: headOf("error"), debug: headOf("debug"), info: headOf("info") };
  const nameField = `","name":${JSON.stringify(name)},"requestId":`;
  const timeNow = createTimeText();

  return (answered) => {
    const level = levelOf(answered.status, answered.path);
    if (!logger.isLevelEnabled(level)) return;
    const { requestId, method, path, route, status, durationMs, userId } = answered;
    const user = userId === undefined ? "" : `,"userId":${quoted(userId)}`;
    write(
      `${levels[level]}${timeNow()}${nameField}${quoted(requestId)}` +
        `,"method":${quoted(method)},"path":${quoted(path.slice(0, loggedPathLengthMax))}` +
        `,"route":${quoted(route)},"status":${status}` +
        `,"durationMs":${Math.round(durationMs * 1000) / 1000}${user},"msg":"request"}\n`,
    );
  };
}

const headOf = (level: string): string => `{"level":"${level}","time":"`;

/** As JSON has it; nearly every text is made of characters that stand for themselves. */
const quoted = (text: string): string => (plainText.test(text) ? `"${text}"` : JSON.stringify(text));
const plainText = /^[ !#-[\]-~]*$/;

/** The present time as ISO text, made once for each millisecond. */
function createTimeText(): () => string {
  let lastMs = Number.NaN;
  let text = "";
  return () => {
    const nowMs = Date.now();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      text = new Date(nowMs).toISOString();
    }
    return text;
  };
}

/** The same as middleware. */
export function accessLog(logger: Logger, nowMs: () => number = () => performance.now()): MiddlewareHandler {
  const write = createAccessLog(logger);
  return async (c, next) => {
    const startMs = nowMs();
    await next();
    write({
      requestId: requestIdOf(c),
      method: c.req.method,
      path: c.req.path,
      route: routeLabel(c),
      status: c.res.status,
      durationMs: nowMs() - startMs,
      userId: userIdOf(c),
    });
  };
}

function levelOf(status: number, path: string): "error" | "debug" | "info" {
  // A probe that answers 503 while draining is no error either.
  if (quietPaths.has(path)) return "debug";
  return status >= 500 ? "error" : "info";
}

function userIdOf(c: Context): string | undefined {
  const principal: unknown = c.get("principal");
  if (typeof principal !== "object" || principal === null || !("userId" in principal)) return undefined;
  return typeof principal.userId === "string" ? principal.userId : undefined;
}
