/** Bytes for any number of readers, made once; nobody copies or changes them. */
export interface Frame {
  readonly bytes: Buffer;
  /** The same as one chunk of HTTP/1.1: what goes to a socket in one piece needs no framing for each reader. */
  readonly chunk: Buffer;
}

export function frameOf(text: string): Frame {
  const head = `${Buffer.byteLength(text).toString(16)}\r\n`;
  const chunk = Buffer.from(`${head}${text}\r\n`);
  return { chunk, bytes: chunk.subarray(head.length, chunk.length - 2) };
}
