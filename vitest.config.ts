import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// A test file's suffix says what it needs beyond Node; each need is a project with its own set-up.
const tests = (suffix: string) => [
  `{apps,packages}/*/{src,test}/**/*.${suffix}test.ts`,
  `infra/**/*.${suffix}test.ts`,
];
const needs = ["pg", "redis", "e2e", "browser"];

export default defineConfig({
  test: {
    // Most of the time is waiting for processes and servers, so one worker alone would leave two cores idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", "./infra/test/counts-reporter.ts"],
    projects: [
      {
        test: { name: "unit", include: tests(""), exclude: needs.map((need) => `**/*.${need}.test.ts`) },
      },
      {
        test: {
          name: "servers",
          include: needs.flatMap((need) => tests(`${need}.`)),
          globalSetup: "./infra/test/postgres.setup.ts",
          // Processes start, servers fail and come back; how long that takes is no part of what is tested.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
