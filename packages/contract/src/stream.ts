import { z } from "zod";
import { timestampSchema, uuidSchema } from "./scalars.ts";

/** `POST /v1/stream/tickets` */
export const streamTicketInputSchema = z
  .strictObject({ organizationId: uuidSchema })
  .meta({ id: "StreamTicketInput" });

/** Opaque; stands for an access token in the URL of a stream, where such tokens should not. */
export const issuedStreamTicketSchema = z
  .strictObject({
    ticket: z.string().regex(/^st_[A-Za-z0-9_-]{43}$/),
    /** Until when it must have opened its first stream. */
    expiresAt: timestampSchema,
  })
  .meta({ id: "IssuedStreamTicket" });
export type IssuedStreamTicket = z.infer<typeof issuedStreamTicketSchema>;
