/** An answer as far as it is kept: the body is empty unless it was asked for. */
export interface RawAnswer {
  readonly status: number;
  /** The status line and the headers. */
  readonly head: string;
  readonly body: Buffer;
}

export interface AnswerParser {
  /** Takes bytes that are the caller's to reuse; returns the answer with its last byte. Throws on what it can't read. */
  feed(bytes: Buffer): RawAnswer | undefined;
}

const headBytesMax = 64 * 1024;
const headEnd = Buffer.from("\r\n\r\n");
const nothing = Buffer.alloc(0);

/** Reads one answer by its Content-Length; 204, 304 and answers to HEAD have no body. No chunks, as those cost the client more. */
export function createAnswerParser(isToHead: boolean, isBodyKept: boolean): AnswerParser {
  let unread = nothing;
  let answer: { readonly status: number; readonly head: string } | undefined;
  let bodyLeft = 0;
  const body: Buffer[] = [];

  const readHead = (bytes: Buffer): Buffer | undefined => {
    const end = bytes.indexOf(headEnd);
    if (end < 0) {
      if (bytes.length > headBytesMax) throw new Error("an answer's head does not end");
      unread = Buffer.from(bytes);
      return undefined;
    }
    const head = bytes.toString("latin1", 0, end);
    const status = Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    const rest = bytes.subarray(end + headEnd.length);
    // What is only informational has no body, and the answer comes behind it.
    if (status >= 100 && status < 200) return readHead(rest);
    answer = { status, head };
    bodyLeft = isToHead || status === 204 || status === 304 ? 0 : contentLengthOf(head);
    return rest;
  };

  return {
    feed(bytes) {
      const rest = answer === undefined ? readHead(joined(unread, bytes)) : bytes;
      if (answer === undefined || rest === undefined) return undefined;
      if (rest.length > bodyLeft) throw new Error(`${rest.length - bodyLeft} bytes too many: ${answer.head}`);
      bodyLeft -= rest.length;
      if (isBodyKept) body.push(Buffer.from(rest));
      return bodyLeft > 0 ? undefined : { ...answer, body: isBodyKept ? Buffer.concat(body) : nothing };
    },
  };
}

const joined = (first: Buffer, second: Buffer): Buffer =>
  first.length === 0 ? second : Buffer.concat([first, second]);

function contentLengthOf(head: string): number {
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
  return Number(length);
}
