/** How often a header stands there: of several Node shows the first, as if there were no other, or all in one. */
export function headerCount(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at] ?? "";
    if (header.length === name.length && header.toLowerCase() === name) count++;
  }
  return count;
}
