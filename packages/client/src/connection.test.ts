import { expect, test } from "vitest";
import { openConnection } from "./connection.ts";

/** An EventSource that says what the test has it say, also after it was closed. */
class FakeEventSource {
  readyState = 1;
  readonly listeners = new Map<string, (event: { readonly data?: unknown }) => void>();
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.readyState = 2;
  }
  say(type: string, data = ""): void {
    this.listeners.get(type)?.({ data });
  }
}

function open() {
  const source = new FakeEventSource();
  const heard: string[] = [];
  const connection = openConnection("https://leftrail.test", () => source, {
    opened: () => heard.push("opened"),
    interrupted: () => heard.push("interrupted"),
    ended: () => heard.push("ended"),
    event: ({ type }) => heard.push(type),
    malformed: () => heard.push("malformed"),
  });
  return { source, heard, connection };
}

test("an error is an interruption while EventSource goes on by itself, and the end when it does not", () => {
  const { source, heard } = open();
  source.say("open");
  source.readyState = 0;
  source.say("error");
  source.readyState = 2;
  source.say("error");
  expect(heard).toEqual(["opened", "interrupted", "ended"]);
});

test("nothing is heard of a connection that was closed, whatever still comes", () => {
  const { source, heard, connection } = open();
  connection.close();
  for (const type of ["open", "error", "stream.revoked", "scheduler.tick"]) source.say(type, "{}");
  expect(heard).toEqual([]);
});
