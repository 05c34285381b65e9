import { runMain, serve, untilSignal } from "@leftrail/service";
import { createApp } from "./app.ts";
import { bannerOf } from "./banner.ts";
import { readConfig } from "./config.ts";
import { createDeps } from "./deps.ts";

/** Where data is kept, below the folder that Leftrail was started in; ignored by git. */
const dataDir = ".leftrail";
/** How long requests in flight may take to finish once a stop was asked for. */
const drainTimeoutMs = 3_000;

await runMain(async () => {
  const config = readConfig(process.env, process.argv.slice(2));
  using until = untilSignal();
  await using deps = await createDeps(config, dataDir, () => until.signal.aborted);
  let banner = "";
  await using server = await serve({
    fetch: createApp(deps, () => banner),
    host: config.HOST,
    port: config.PORT,
    logger: deps.logger,
    signal: until.signal,
    drainTimeoutMs,
  });
  banner = await bannerOf(deps.store, server.url, deps.notices);
  process.stdout.write(`\n${banner}`);
  await server.closed;
  process.stdout.write("Stopping.\n");
});
