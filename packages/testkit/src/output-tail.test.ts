import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { outputTail } from "./output-tail.ts";

test("both outputs of a process are kept, of a long one the end", async () => {
  const child = spawn("sh", ["-c", "yes | head -n 50000; echo the end >&2"]);
  const tail = outputTail(child, 1000);
  await once(child, "close");
  expect(tail.text()).toHaveLength(1000);
  expect(tail.text()).toContain("the end\n");
  expect(tail.text()).toContain("y\n");
});
