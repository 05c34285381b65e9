import { z } from "zod";

/** Rows a page holds at most, and when nothing is said. */
export const pageLimitMax = 200;
export const pageLimitDefault = 50;

/** `?limit=`: a whole number from 1 to 200, written in decimal digits only. */
export const pageLimitSchema = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, `must be a whole number from 1 to ${pageLimitMax}`)
  .transform(Number)
  .refine((limit) => limit <= pageLimitMax, `must be a whole number from 1 to ${pageLimitMax}`)
  .default(pageLimitDefault);

/** `?limit=&cursor=`, as every list takes them. */
export const pageQueryShape = {
  limit: pageLimitSchema,
  cursor: z.string().min(1, "must not be empty").max(1024, "is not a cursor of this list").optional(),
};

/** The envelope of every list. */
export const pageBodySchema = <T extends z.ZodType>(item: T) =>
  z.strictObject({ data: z.array(item), next_cursor: z.string().nullable() });
