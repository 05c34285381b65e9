import { allScope, catalogScope, orgScope, userScope, type Scope } from "./scopes.ts";

/** A read of the left rail: where it is cached and what invalidates it. */
export interface KeyedRead {
  readonly key: string;
  readonly scopes: readonly Scope[];
}

export const organizationsKey = (userId: string): string => `orgs:${userId}`;
export const featuresKey = (organizationId: string, userId: string): string =>
  `features:${organizationId}:${userId}`;
export const productsKey = (organizationId: string, userId: string): string =>
  `products:${organizationId}:${userId}`;

export const organizationsRead = (userId: string): KeyedRead => ({
  key: organizationsKey(userId),
  scopes: [userScope(userId), allScope],
});

export const featuresRead = (organizationId: string, userId: string): KeyedRead => ({
  key: featuresKey(organizationId, userId),
  scopes: scopesWithin(organizationId, userId),
});

export const productsRead = (organizationId: string, userId: string): KeyedRead => ({
  key: productsKey(organizationId, userId),
  scopes: scopesWithin(organizationId, userId),
});

const scopesWithin = (organizationId: string, userId: string): readonly Scope[] => [
  userScope(userId),
  orgScope(organizationId),
  catalogScope,
  allScope,
];
