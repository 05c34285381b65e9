import { runService } from "@leftrail/service";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { createDeps } from "./deps.ts";

await runService({
  title: "the control plane",
  readConfig: () => readConfig(process.env),
  createDeps,
  createApp,
});
