/** Shortest token in characters that production takes: 16 random bytes in hex. */
export const internalTokenLengthMin = 32;

/** What a bearer token may consist of, by RFC 9110; another one could never be presented. */
const tokenPattern = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Parses tokens separated by commas. Throws an Error that never repeats one. */
export function parseInternalTokens(text: string): readonly string[] {
  const tokens = text.split(",").map((token) => token.trim());
  const wrong = tokens.findIndex((token) => !tokenPattern.test(token));
  if (wrong !== -1) {
    throw new Error(
      `entry ${wrong + 1} is empty or has other characters than A-Z a-z 0-9 - . _ ~ + / and = at the end`,
    );
  }
  return tokens;
}

export const isLongEnough = (token: string): boolean => token.length >= internalTokenLengthMin;
