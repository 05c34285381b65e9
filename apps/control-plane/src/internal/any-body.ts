import { ProblemError } from "@leftrail/contract";
import { strictJson } from "@leftrail/service";
import type { Context } from "hono";
import type { AppEnv } from "../http/request-context.ts";

/**
 * The JSON body of a route that answers whatever is sent: undefined for one of another
 * media type, form or encoding. Throws only `payload_too_large`.
 */
export async function readAnyBody(c: Context<AppEnv, string>): Promise<unknown> {
  try {
    await strictJson()(c, async () => undefined);
    return await c.req.json();
  } catch (error) {
    if (error instanceof ProblemError && error.code !== "payload_too_large") return undefined;
    throw error;
  }
}
