import { describe, expect, test } from "vitest";
import { Wheel, type OnWheel } from "./wheel.ts";

interface Item extends OnWheel {
  readonly name: number;
}
const itemOf = (name: number): Item => ({ name, slot: 0, index: 0 });
const start = (count: number, periodMs = 1_000) => {
  const wheel = new Wheel<Item>({ periodMs, stepMs: 100 });
  const items = Array.from({ length: count }, (_none, name) => itemOf(name));
  for (const item of items) wheel.add(item);
  wheel.begin(0);
  const visited: number[] = [];
  return { wheel, items, visited, visit: ({ name }: Item) => void visited.push(name) };
};
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe("a wheel", () => {
  test("visits each once in a period, evenly spread over it", () => {
    const { wheel, visited, visit } = start(30);
    const counts = Array.from({ length: 10 }, (_none, step) => {
      const before = visited.length;
      wheel.advance((step + 1) * 100, visit);
      return visited.length - before;
    });
    expect(counts).toEqual(Array.from({ length: 10 }, () => 3));
    expect(new Set(visited).size).toBe(30);
  });

  test("keeps its pace however unevenly time is told", () => {
    const { wheel, visited, visit } = start(10);
    for (let nowMs = 0; nowMs <= 30_000; nowMs += 137) wheel.advance(nowMs, visit);
    for (let name = 0; name < 10; name++) {
      const visits = visited.filter((one) => one === name).length;
      expect(visits).toBeGreaterThanOrEqual(29);
      expect(visits).toBeLessThanOrEqual(30);
    }
  });

  test("visits each once at most after a long pause, and does not make up for it later", () => {
    const { wheel, visited, visit } = start(7);
    wheel.advance(3_600_000, visit);
    expect(sorted(visited)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    wheel.advance(3_600_099, visit);
    expect(visited).toHaveLength(7);
  });

  test("does not visit what was removed, and misses nobody for it", () => {
    const { wheel, items, visited, visit } = start(30);
    for (const item of items.filter(({ name }) => name % 3 === 0)) wheel.remove(item);
    expect(wheel.size).toBe(20);
    wheel.advance(1_000, visit);
    expect(sorted(visited)).toEqual(sorted([...wheel].map(({ name }) => name)));
    expect(visited).toHaveLength(20);
  });

  test("lets a visit remove what it visits, or another one", () => {
    const { wheel, items, visited } = start(40);
    wheel.advance(1_000, (item) => {
      visited.push(item.name);
      wheel.remove(item);
      const other = items[(item.name + 10) % 40];
      if (other !== undefined && [...wheel].includes(other)) wheel.remove(other);
    });
    expect(wheel.size).toBe(0);
    expect(new Set(visited).size).toBe(visited.length);
  });

  test("time does not go on before it begins, nor backwards", () => {
    const { wheel, visited, visit } = start(3);
    wheel.begin(5_000);
    wheel.advance(4_000, visit);
    wheel.advance(5_099, visit);
    expect(visited).toEqual([]);
    wheel.advance(6_000, visit);
    expect(sorted(visited)).toEqual([0, 1, 2]);
  });

  test("a period shorter than a step has one place for all", () => {
    const { wheel, visited, visit } = start(5, 50);
    wheel.advance(50, visit);
    expect(visited).toHaveLength(5);
  });

  test("visitAll visits each once, removals included", () => {
    const { wheel, visited, visit } = start(25);
    wheel.visitAll((item) => {
      visit(item);
      wheel.remove(item);
    });
    expect(visited).toHaveLength(25);
    expect(wheel.size).toBe(0);
  });
});
