/** Characters of the longest JSON escape of one byte: `\u0001`. */
export const escapedLengthMax = 6;

const escapes = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\[^u]/g;

/** The bytes of a JSON text if it had nothing escaped: each escape counts as the UTF-8 that it stands for. */
export function unescapedBytes(json: string): number {
  let bytes = Buffer.byteLength(json);
  for (const [escape] of json.matchAll(escapes)) bytes += bytesOf(escape) - escape.length;
  return bytes;
}

function bytesOf(escape: string): number {
  if (escape.length > escapedLengthMax) return 4;
  if (escape.length < escapedLengthMax) return 1;
  const codeUnit = Number.parseInt(escape.slice(2), 16);
  return codeUnit < 0x80 ? 1 : codeUnit < 0x800 ? 2 : 3;
}
