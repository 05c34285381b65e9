import { runService } from "@leftrail/service";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { createDeps } from "./deps.ts";

await runService({
  title: "the hot path",
  readConfig: () => readConfig(process.env),
  createDeps,
  createApp,
  spreadEndsOverMs: ({ STREAM_DRAIN_SECONDS }) => STREAM_DRAIN_SECONDS * 1000,
});
