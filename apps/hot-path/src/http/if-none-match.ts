/**
 * Whether an `If-None-Match` names the ETag by weak comparison (RFC 9110 section 13.1.2). A member that is
 * malformed just does not match. Splitting at commas is exact: our ETags hold none, and no two members of
 * a valid list can make one of them between them.
 */
export function isMatch(condition: string, etag: string): boolean {
  if (condition === etag || condition === "*") return true;
  return condition.split(",").some((member) => isWeakMatch(trimmed(member), etag));
}

const isWeakMatch = (member: string, etag: string): boolean =>
  member === etag || (member.startsWith("W/") && member.slice(2) === etag);

/** Without the white space that lists may have: spaces and tabs, and nothing else that `trim` takes. */
const trimmed = (member: string): string => member.replaceAll(/^[ \t]+|[ \t]+$/g, "");
