import { expect, test } from "vitest";
import { createManualTimers } from "../test/manual-timers.ts";
import { followStream, type Connect } from "./follow-stream.ts";
import { createReceiver } from "./receiver.ts";

test("what was prepared for a stream that was closed meanwhile is not used", async () => {
  const { promise, resolve } = Promise.withResolvers<Connect>();
  let connections = 0;
  const { startTimer, delaysMs } = createManualTimers();
  const following = followStream({
    prepare: () => promise,
    sink: createReceiver({ organizationId: "acme", onEvent: () => undefined, onGap: () => undefined }),
    startTimer,
    random: () => 0,
  });
  following.close();
  resolve(() => {
    connections++;
    return { close: () => undefined };
  });
  await promise;
  await Promise.resolve();
  expect(connections).toBe(0);
  expect(delaysMs()).toEqual([]);
});
