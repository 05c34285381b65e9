import { uuidSchema } from "@leftrail/contract";
import { parseInput } from "@leftrail/service";
import type { Context } from "hono";
import { z } from "zod";

const paramsSchema = z.object({ org_id: uuidSchema });

/** `:org_id` in lower case; 400 when it is no UUID. */
export const organizationIdOf = (c: Context): string =>
  parseInput(paramsSchema, { org_id: c.req.param("org_id") }, "param").org_id;
