import { isUuid, uuidSchema } from "@leftrail/contract";
import { parseInput } from "@leftrail/service";
import type { Context } from "hono";
import { z } from "zod";

const paramsSchema = z.object({ org_id: uuidSchema });

/** `:org_id` in lower case; 400 when it is no UUID. */
export function organizationIdOf(c: Context): string {
  const text = c.req.param("org_id");
  // The schema is there for its error; a well-formed id needs none of its work.
  return isUuid(text) ? text.toLowerCase() : parseInput(paramsSchema, { org_id: text }, "param").org_id;
}
