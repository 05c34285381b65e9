/** Bytes for any number of readers, made once; nobody copies or changes them. */
export interface Frame {
  readonly bytes: Buffer;
  /** The same as one chunk of HTTP/1.1: what goes to a socket in one piece needs no framing for each reader. */
  readonly chunk: Buffer;
}

export const frameOf = (text: string): Frame => frameOfBytes([Buffer.from(text)]);

/** One after the other, as one. */
export const joinFrames = (frames: readonly Frame[]): Frame => frameOfBytes(frames.map(({ bytes }) => bytes));

function frameOfBytes(parts: readonly Buffer[]): Frame {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.from(`${length.toString(16)}\r\n`);
  const chunk = Buffer.concat([head, ...parts, chunkEnd]);
  return { chunk, bytes: chunk.subarray(head.length, chunk.length - chunkEnd.length) };
}

const chunkEnd = Buffer.from("\r\n");
