import { allScope, catalogScope, type Scope } from "./scopes.ts";

/** The epoch of a scope: an opaque token that is replaced on every change. */
export const epochKey = (scope: Scope): string => `epoch:${scope}`;

/** The stream on which the relay says which epochs were replaced. */
export const changesStreamKey = "changes";

/** What the relay wrote last; another value means that this Redis is not the one it left. */
export const relayMarkKey = "changes:relay";

/** The proof that an API key matches the hash in its row. */
export const apiKeyProofKey = (apiKeyId: string): string => `api-key-proof:${apiKeyId}`;

/**
 * What happened in an organization. Its keys carry its id as their hash tag, so that one script may use them all:
 * where its sequence stands, the stream of what is held, and the id that an idempotency key's event was given.
 */
export const eventHeadKey = (organizationId: string): string => `events:{${organizationId}}:head`;
export const eventLogKey = (organizationId: string): string => `events:{${organizationId}}:log`;
export const eventIdKey = (organizationId: string, digest: string): string =>
  `events:{${organizationId}}:key:${digest}`;

/** The Pub/Sub channel on which an organization's events are said. */
export const eventChannel = (organizationId: string): string => `events:{${organizationId}}`;

/**
 * How long an epoch outlives its last use, in seconds: longer than anything that bears it as a stamp. One that
 * is gone is minted anew, so this bounds memory and nothing else. Null is for ever: of the catalog and of all
 * there is one each, and minting it anew would make everybody read anew.
 */
export const epochTtlSeconds = (scope: Scope): number | null =>
  scope === catalogScope || scope === allScope ? null : 600;

/** A stream ticket, by the SHA-256 of it. */
export const streamTicketKey = (ticketHash: string): string => `stream-ticket:${ticketHash}`;
