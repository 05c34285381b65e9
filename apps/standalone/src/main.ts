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
  // Whoever read our words may be gone, as with `| head`; that is no reason to fall over.
  process.stdout.on("error", () => undefined);
  until.signal.addEventListener("abort", () => process.stdout.write("Stopping.\n"));
  await using deps = await createDeps(config, dataDir, until.signal).catch((error: unknown) => {
    // Whatever breaks off a start that is to stop anyway is no failure; not being able to stop is.
    if (until.signal.aborted && !(error instanceof SuppressedError)) return undefined;
    throw error;
  });
  if (deps === undefined) return;
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
  if (!until.signal.aborted) process.stdout.write(`\n${banner}`);
  await server.closed;
});
