import { expect, test } from "vitest";
import { createAllowance } from "./allowance.ts";

function open() {
  const time = { nowMs: 1_000 };
  const allowance = createAllowance({ burst: 3, perSecond: 2, clock: () => time.nowMs });
  const takeAll = () => {
    let taken = 0;
    while (allowance.take()) taken++;
    return taken;
  };
  return { allowance, time, takeAll };
}

test("a burst at once, then nothing", () => {
  const { allowance, takeAll } = open();
  expect(allowance.waitMs()).toBe(0);
  expect(takeAll()).toBe(3);
  expect(allowance.waitMs()).toBe(500);
});

test("after the wait that it names there is one, and a little before there is none", () => {
  const { allowance, time, takeAll } = open();
  takeAll();
  time.nowMs += 499;
  expect(allowance.take()).toBe(false);
  time.nowMs += allowance.waitMs();
  expect(takeAll()).toBe(1);
});

test("however long nothing is taken, no more than a burst is saved up", () => {
  const { time, takeAll } = open();
  takeAll();
  time.nowMs += 3_600_000;
  expect(takeAll()).toBe(3);
});

test("over a minute it is the rate and the burst", () => {
  const { time, takeAll } = open();
  let taken = 0;
  for (let n = 0; n < 60_000; n += 100) {
    taken += takeAll();
    time.nowMs += 100;
  }
  expect(taken).toBeGreaterThanOrEqual(120);
  expect(taken).toBeLessThanOrEqual(123);
});
