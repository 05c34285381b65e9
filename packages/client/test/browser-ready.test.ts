import { expect, test } from "vitest";
import { strippedSources } from "./stripped-sources.ts";

test("without its types the client imports nothing but itself, and eventsource where it is called for", () => {
  const sources = strippedSources();
  const specifiers = [...sources.values()].flatMap((source) =>
    Array.from(
      source.matchAll(/\bfrom\s*"([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g),
      ([, from, called]) => from ?? called,
    ),
  );
  const foreign = specifiers.filter((specifier) => !sources.has(specifier?.replace(/^\.\//, "") ?? ""));
  expect(specifiers.length).toBeGreaterThan(foreign.length);
  expect(foreign).toEqual(["eventsource"]);
  expect(sources.get("load-event-source.ts")).toContain('await import("eventsource")');
});
