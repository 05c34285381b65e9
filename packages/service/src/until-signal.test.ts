import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { untilSignal, type SignalSource } from "./until-signal.ts";

class FakeProcess extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe("until signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("the first %s asks to stop, the second exits with %i", (name, code) => {
    const source = new FakeProcess();
    using until = untilSignal(source);
    expect(until.signal.aborted).toBe(false);
    source.emit(name);
    expect([until.signal.aborted, source.exits]).toEqual([true, []]);
    source.emit(name);
    expect(source.exits).toEqual([code]);
  });

  it("another signal counts as the second", () => {
    const source = new FakeProcess();
    using until = untilSignal(source);
    source.emit("SIGINT");
    source.emit("SIGTERM");
    expect([until.signal.aborted, source.exits]).toEqual([true, [143]]);
  });

  it("disposing leaves no listener behind", () => {
    const source = new FakeProcess();
    untilSignal(source)[Symbol.dispose]();
    expect(source.eventNames()).toEqual([]);
  });
});
