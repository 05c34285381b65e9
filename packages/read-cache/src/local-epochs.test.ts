import { featuresRead } from "@leftrail/cache-keys";
import { expect, test } from "vitest";
import { createLocalEpochs } from "./local-epochs.ts";

const keyed = featuresRead("o", "u");
const known = (...epochs: (string | undefined)[]) => ({ epochs, areProven: true });

test("epochs that the process knows stay, those that it has forgotten are others than ever before", async () => {
  const shared = createLocalEpochs();
  expect(shared.isUsable(0)).toBe(true);
  const seen = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const { epochs } = await shared.read(keyed, known("a", undefined, "c", undefined));
    expect([epochs[0], epochs[2]]).toEqual(["a", "c"]);
    for (const at of [1, 3]) seen.add(epochs[at]!);
  }
  expect(seen.size).toBe(6);
});

test("and there are no entries", async () => {
  const reading = await createLocalEpochs().read(keyed, known("a", "b", "c", "d"));
  expect(reading.open("")).toBeUndefined();
});
