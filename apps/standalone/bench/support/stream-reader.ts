import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { mark, monotonicMs } from "./stream-marks.ts";

const headBytesMax = 4_096;
const markByte = mark.charCodeAt(0);
/** All sockets are read into it: what came is looked at before anything else is read. */
const buffer = Buffer.allocUnsafe(256 * 1024);
/** When a client comes back that was told nothing. */
const comeBackMs = 2_000;
/** Then the request is wrong, or the server is. */
const refusalsMax = 3;

export interface StreamReaderOptions {
  readonly port: number;
  /** Its own. */
  readonly address: string;
  readonly request: Uint8Array;
  readonly onBegun: () => void;
  readonly onMarks: (before: number, after: number) => void;
  /** It got no stream, and comes back when it was told to. */
  readonly onComeBack: () => void;
  /** It got an error, from which an EventSource never comes back; this one does. */
  readonly onRefused: () => void;
  /** The stream that it had is over, or it was refused again and again. */
  readonly onFailure: (error: Error) => void;
}

/** A socket that asks for a stream and counts marks, and nothing that a client needs besides. */
export class StreamReader {
  marks = 0;
  /** When the last mark came; before any, when the stream began. */
  atMs = Number.NaN;
  readonly askedAtMs = monotonicMs();
  readonly #options: StreamReaderOptions;
  #socket: Socket;
  /** What came before the stream's first id; undefined from there on. */
  #head: string | undefined = "";
  #refusals = 0;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
    this.#socket = this.#connect();
  }

  get hasBegun(): boolean {
    return this.#head === undefined;
  }

  /** As when the network fails: nothing is said to the server, and no port is kept back. */
  async cut(): Promise<void> {
    const closed = once(this.#socket.removeAllListeners(), "close");
    this.#socket.resetAndDestroy();
    await closed;
  }

  #connect(): Socket {
    const { port, address: localAddress, request } = this.#options;
    const callback = (length: number): boolean => {
      this.#take(buffer.subarray(0, length));
      return true;
    };
    const socket = connect({ port, host: "127.0.0.1", localAddress, onread: { buffer, callback } });
    socket.write(request);
    return socket
      .on("error", (error) => this.#comeBack(error, comeBackMs))
      .on("end", () => this.#comeBack(new Error("it was ended"), comeBackMs));
  }

  #take(bytes: Buffer): void {
    if (this.#head !== undefined) this.#takeHead(this.#head + bytes.toString("latin1", 0, headBytesMax));
    const before = this.marks;
    for (let at = bytes.indexOf(markByte); at !== -1; at = bytes.indexOf(markByte, at + 1)) this.marks++;
    if (this.marks === before) return;
    this.atMs = monotonicMs();
    this.#options.onMarks(before, this.marks);
  }

  #takeHead(head: string): void {
    this.#head = head;
    const [, toldMs] = /\nretry: (\d+)\n:/.exec(head) ?? [];
    if (!head.startsWith("HTTP/1.1 200 ")) this.#refuse(head);
    else if (toldMs !== undefined) this.#comeBack(new Error(head), Number(toldMs));
    else if (head.includes("\nid: ")) {
      this.#head = undefined;
      this.atMs = monotonicMs();
      this.#options.onBegun();
    }
  }

  #refuse(head: string): void {
    this.#refusals++;
    if (this.#refusals > refusalsMax) this.#options.onFailure(new Error(`there is no stream: ${head}`));
    this.#options.onRefused();
    this.#reconnect(comeBackMs);
  }

  #comeBack(reason: Error, afterMs: number): void {
    const { onComeBack, onFailure } = this.#options;
    if (this.hasBegun) {
      onFailure(new Error(`a stream is over: ${reason.message}`));
      return;
    }
    onComeBack();
    this.#reconnect(afterMs);
  }

  #reconnect(afterMs: number): void {
    this.#socket.removeAllListeners().destroy();
    setTimeout(() => {
      this.#head = "";
      this.#socket = this.#connect();
    }, afterMs);
  }
}
