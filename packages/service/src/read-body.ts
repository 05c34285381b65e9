import { ProblemError } from "@leftrail/contract";
import type { Context } from "hono";

/** Largest request body, as sent. */
export const bodyBytesMax = 64 * 1024;

/** Reads a body whole, holding at most the limit: 413 by its declared or its real length. */
export async function readBody(c: Context, bytesMax = bodyBytesMax): Promise<Uint8Array> {
  const declaredBytes = Number(c.req.header("Content-Length") ?? 0);
  if (declaredBytes > bytesMax) throw tooLarge();
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return new Uint8Array();

  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await readChunk(reader);
    if (chunk === undefined) return Buffer.concat(chunks, bytes);
    bytes += chunk.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge();
    }
    chunks.push(chunk);
  }
}

async function readChunk(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (cause) {
    // The caller hung up or broke its chunked encoding: its error, not ours.
    throw new ProblemError("invalid_input", "The body could not be read to its end.", { cause });
  }
}

export const tooLarge = (): ProblemError =>
  new ProblemError("payload_too_large", `The body must be at most ${bodyBytesMax} bytes.`);
