import { hash, randomBytes } from "node:crypto";

const ticketBytes = 32;
const prefix = "st_";
const pattern = /^st_[\w-]{43}$/;

export const mintTicket = (): string => prefix + randomBytes(ticketBytes).toString("base64url");

/** Whether a token is to be looked at as a ticket: no JWT begins like one. */
export const isTicket = (token: string): boolean => token.startsWith(prefix);

/** SHA-256, which is enough for what has 256 random bits; undefined for what no ticket looks like. */
export const hashTicket = (ticket: string): string | undefined =>
  pattern.test(ticket) ? hash("sha256", ticket, "base64url") : undefined;
