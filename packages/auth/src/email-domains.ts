/** Labels with single dots between; no `@`, white space, wildcard or port, which would never match. */
const domainPattern = /^[^\s@*/:.]+(?:\.[^\s@*/:.]+)*$/;

/**
 * Reads the setting `INTERNAL_EMAIL_DOMAINS`: comma separated, in any case,
 * spaces around a domain allowed. Throws an Error that says what to mend.
 */
export function parseEmailDomains(text: string): readonly string[] {
  const domains = text.split(",").map((part) => part.trim().toLowerCase());
  for (const [index, domain] of domains.entries()) {
    if (domain === "") {
      throw new Error(
        'INTERNAL_EMAIL_DOMAINS has an empty entry; it must look like "example.com,example.org"',
      );
    }
    if (!domainPattern.test(domain)) {
      throw new Error(
        `INTERNAL_EMAIL_DOMAINS: entry ${index + 1} is not a domain; write "example.com", without "@", spaces or "*"`,
      );
    }
  }
  return [...new Set(domains)];
}
