import { once } from "node:events";
import { connect } from "node:net";
import { createAnswerParser, type AnswerParser, type RawAnswer } from "./http-answer.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A keep-alive connection that has one request under way at a time. */
export interface HttpConnection extends Disposable {
  /** False once it is of no more use. */
  readonly isAlive: boolean;
  /** Tells of the answer with its last byte, or of what came in its place. */
  exchange(request: Buffer, isBodyKept: boolean, onDone: (answer: RawAnswer | Error) => void): void;
}

const readBufferBytes = 64 * 1024;
const letterH = "H".charCodeAt(0);

/** Connects; reads into one buffer of its own and calls back instead of making streams and promises: cheap for the client. */
export async function openHttpConnection(address: Address): Promise<HttpConnection> {
  let current:
    | { readonly parser: AnswerParser; readonly onDone: (answer: RawAnswer | Error) => void }
    | undefined;
  let isAlive = true;

  const finish = (outcome: RawAnswer | Error): void => {
    const finished = current;
    current = undefined;
    if (outcome instanceof Error || /\r\nconnection: *close/i.test(outcome.head)) {
      isAlive = false;
      socket.destroy();
    }
    finished?.onDone(outcome);
  };
  const take = (bytes: Buffer): void => {
    try {
      if (current === undefined) throw new Error("bytes that nobody asked for");
      const answer = current.parser.feed(bytes);
      if (answer !== undefined) finish(answer);
    } catch (error) {
      finish(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const buffer = Buffer.allocUnsafe(readBufferBytes);
  const onread = {
    buffer,
    callback(length: number) {
      take(buffer.subarray(0, length));
      return true;
    },
  };
  const socket = connect({ ...address, noDelay: true, onread });
  await once(socket, "connect");
  socket.on("error", finish);
  socket.once("close", () => finish(new Error("the server closed the connection")));

  return {
    get isAlive() {
      return isAlive;
    },
    exchange(request, isBodyKept, onDone) {
      if (!isAlive || current !== undefined) throw new Error("this connection is not free");
      current = { parser: createAnswerParser(request[0] === letterH, isBodyKept), onDone };
      socket.write(request);
    },
    [Symbol.dispose]() {
      isAlive = false;
      socket.destroy();
    },
  };
}
