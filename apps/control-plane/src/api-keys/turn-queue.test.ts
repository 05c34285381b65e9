import { expect, test } from "vitest";
import { createTurnQueue } from "./turn-queue.ts";

const open = () => createTurnQueue<string>({ itemsMax: 5, itemsPerKeyMax: 3 });

function drain(queue: { shift(): string | undefined }): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

test("keys take turns, each with its items in their order", () => {
  const queue = open();
  for (const item of ["a1", "a2", "a3", "b1", "c1"]) expect(queue.push(item.slice(0, 1), item)).toBe(true);
  expect(drain(queue)).toEqual(["a1", "b1", "c1", "a2", "a3"]);
  expect(queue.size).toBe(0);
});

test("a key that comes again goes to the end of the turn", () => {
  const queue = open();
  queue.push("a", "a1");
  queue.push("b", "b1");
  expect(queue.shift()).toBe("a1");
  queue.push("a", "a2");
  expect(drain(queue)).toEqual(["b1", "a2"]);
});

test("places are bounded for each key and in all, and free again after a shift", () => {
  const queue = open();
  for (const item of ["a1", "a2", "a3"]) queue.push("a", item);
  expect(queue.push("a", "a4")).toBe(false);
  expect(queue.push("b", "b1")).toBe(true);
  expect(queue.push("c", "c1")).toBe(true);
  expect(queue.push("d", "d1")).toBe(false);
  expect(queue.size).toBe(5);
  queue.shift();
  expect(queue.push("a", "a4")).toBe(true);
});
