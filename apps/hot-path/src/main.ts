import { runMain, serve, untilSignal } from "@leftrail/service";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { createDeps } from "./deps.ts";

/** How long requests in flight may take to finish once a stop was asked for. */
const drainTimeoutMs = 10_000;

await runMain(async () => {
  const config = readConfig(process.env);
  using until = untilSignal();
  await using deps = await createDeps(config, () => until.signal.aborted);
  await using server = await serve({
    fetch: createApp(deps).fetch,
    host: config.HOST,
    port: config.PORT,
    logger: deps.logger,
    signal: until.signal,
    drainTimeoutMs,
  });
  deps.logger.info({ url: server.url, store: deps.store.engine }, "the hot path serves");
  await server.closed;
});
