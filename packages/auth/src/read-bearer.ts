import { unauthenticated } from "./unauthenticated.ts";

/** RFC 9110 section 11.4: the scheme in any case, spaces, one token68. A comma means several credentials. */
const bearerPattern = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** The token of an `Authorization` header; throws `unauthenticated` on anything but exactly one bearer token. */
export function readBearer(header: string | undefined): string {
  if (header === undefined) throw unauthenticated("no Authorization header");
  const token = bearerPattern.exec(header)?.[1];
  if (token === undefined) throw unauthenticated("the Authorization header is not one bearer token");
  return token;
}
