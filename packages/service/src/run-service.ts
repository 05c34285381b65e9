import type { Logger } from "./logger.ts";
import { runMain } from "./run-main.ts";
import { serve, type ServeOptions } from "./serve.ts";
import { untilSignal } from "./until-signal.ts";

/** How long requests in flight may take to finish once a stop was asked for. */
const drainTimeoutMs = 10_000;

export interface RunServiceOptions<C, D> {
  /** How the log names it, such as `the hot path`. */
  readonly title: string;
  readonly readConfig: () => C;
  readonly createDeps: (config: C, isDraining: () => boolean) => Promise<D>;
  readonly createApp: (deps: D) => Pick<ServeOptions, "fetch" | "direct">;
  /** Over how long answers that never end by themselves are ended; requests in flight have their time beside it. */
  readonly spreadEndsOverMs?: (config: C) => number;
}

/** The whole of a service's main: settings, dependencies, server, until a signal; then all of it backwards. */
export const runService = <
  C extends { readonly HOST: string; readonly PORT: number },
  D extends AsyncDisposable & { readonly logger: Logger },
>({
  title,
  readConfig,
  createDeps,
  createApp,
  spreadEndsOverMs = () => 0,
}: RunServiceOptions<C, D>): Promise<void> =>
  runMain(async () => {
    const config = readConfig();
    using until = untilSignal();
    await using deps = await createDeps(config, () => until.signal.aborted);
    const { fetch, direct } = createApp(deps);
    await using server = await serve({
      fetch,
      ...(direct === undefined ? {} : { direct }),
      host: config.HOST,
      port: config.PORT,
      logger: deps.logger,
      signal: until.signal,
      drainTimeoutMs: drainTimeoutMs + spreadEndsOverMs(config),
    });
    deps.logger.info({ url: server.url }, `${title} serves`);
    deps.logger.flush();
    await server.closed;
  });
