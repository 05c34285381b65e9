/**
 * What a change is about: a user, an organization, the catalog, or everything. Whatever is
 * cached depends on a fixed set of scopes, known before any database is read.
 */
export type Scope = `user:${string}` | `org:${string}` | "catalog" | "all";

export const catalogScope: Scope = "catalog";
export const allScope: Scope = "all";
export const userScope = (userId: string): Scope => `user:${userId}`;
export const orgScope = (organizationId: string): Scope => `org:${organizationId}`;

/** True for a text that has the shape of a scope: what comes from a wire may be anything. */
export const isScope = (text: string): text is Scope =>
  text === catalogScope || text === allScope || /^(?:user|org):[^\s:]+$/.test(text);
