import { internalTokensSetting, schedulerTickSetting } from "@leftrail/control-plane/config";
import { commonSettings, portSetting, readSettings, SettingsError, StartError } from "@leftrail/service";

const { NODE_ENV, HOST, FEATURES_FILE, LOG_LEVEL } = commonSettings;

/** The only reader of the settings of `pnpm dev`; throws StartError naming what is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>, argv: readonly string[] = []) {
  const config = readSettings(env, {
    NODE_ENV,
    HOST,
    FEATURES_FILE,
    // The banner is what a terminal is for; ask for `info` to see every request.
    LOG_LEVEL: { ...LOG_LEVEL, whenUnset: { kind: "default", value: "warn" as const } },
    PORT: portSetting(8080),
    SCHEDULER_TICK_SECONDS: schedulerTickSetting,
    INTERNAL_TOKENS: { ...internalTokensSetting, whenUnset: { kind: "default", value: [] } },
  });
  if (config.NODE_ENV === "production") {
    throw new SettingsError([
      "NODE_ENV is production, where the development issuer would let anybody in: start the two services apart",
    ]);
  }
  // Runners differ in whether they keep the "--" before a script's own arguments.
  const unknown = argv.filter((argument) => argument !== "--memory" && argument !== "--");
  if (unknown.length > 0) throw new StartError(`${unknown.join(" ")}: the only argument is --memory.`);
  return { ...config, isInMemory: argv.includes("--memory") };
}

export type Config = ReturnType<typeof readConfig>;
