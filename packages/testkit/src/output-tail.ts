import type { ChildProcess } from "node:child_process";

/** What a process said last, standard output and error as they came. */
export interface OutputTail {
  text(): string;
}

const defaultLengthMax = 16 * 1024;

/** Keeps the end of what a child process says, so that it never waits for a reader. */
export function outputTail(child: ChildProcess, lengthMax = defaultLengthMax): OutputTail {
  const pieces: string[] = [];
  let length = 0;
  const keep = (piece: string): void => {
    pieces.push(piece);
    length += piece.length;
    while (length - (pieces[0]?.length ?? 0) >= lengthMax) length -= pieces.shift()?.length ?? 0;
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  return { text: () => pieces.join("").slice(-lengthMax) };
}
