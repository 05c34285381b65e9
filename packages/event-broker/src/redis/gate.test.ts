import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

test("as many run as may, the others in order, whatever becomes of those before them", async () => {
  const gate = createGate(2);
  const running: string[] = [];
  const work = (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const done = gate(() => {
      running.push(name);
      return promise;
    });
    return { done, end: () => resolve(name), fail: () => reject(new Error(name)) };
  };
  const [a, b, c, d] = [work("a"), work("b"), work("c"), work("d")];
  await Promise.resolve();
  expect(running).toEqual(["a", "b"]);
  b.fail();
  await expect(b.done).rejects.toThrow("b");
  expect(running).toEqual(["a", "b", "c"]);
  a.end();
  c.end();
  d.end();
  expect(await Promise.all([a.done, c.done, d.done])).toEqual(["a", "c", "d"]);
  const late = work("e");
  late.end();
  expect(await late.done).toBe("e");
});
