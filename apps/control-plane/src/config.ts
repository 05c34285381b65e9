import { authSettings } from "@leftrail/auth";
import {
  commonSettings,
  custom,
  explained,
  integer,
  parseTrustedProxies,
  portSetting,
  readSettings,
  redisSetting,
  SettingsError,
} from "@leftrail/service";
import { developmentKeyRing, holdsDevelopmentKey, parseKeyRing } from "@leftrail/store";
import { BlockList } from "node:net";
import { internalTokenLengthMin, isLongEnough, parseInternalTokens } from "./internal/internal-tokens.ts";

/** What opens `/v1/internal/*`, wherever it is served. */
export const internalTokensSetting = custom<readonly string[]>({
  parse: explained(parseInternalTokens),
  example: "$(openssl rand -hex 32)",
  developmentDefault: [],
});

/** Seconds between two `scheduler.tick` events; 0: none. */
export const schedulerTickSetting = integer({ min: 0, max: 86_400, default: 300 });

/** The only reader of the control plane's settings; throws SettingsError naming every wrong one. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const config = readSettings(env, {
    ...commonSettings,
    ...authSettings,
    PORT: portSetting(8082),
    REDIS_URL: redisSetting,
    INTERNAL_TOKENS: internalTokensSetting,
    KEY_PEPPER: custom({
      parse: explained(parseKeyRing),
      example: "2026a:$(openssl rand -base64 32)",
      developmentDefault: developmentKeyRing(),
    }),
    SCHEDULER_TICK_SECONDS: schedulerTickSetting,
    TRUSTED_PROXIES: custom({
      parse: parseTrustedProxies,
      example: "10.0.0.0/8,192.168.1.10",
      default: new BlockList(),
    }),
  });
  if (config.NODE_ENV !== "production") return config;
  const problems = [
    ...(holdsDevelopmentKey(config.KEY_PEPPER)
      ? ["KEY_PEPPER holds the development key, which everybody knows"]
      : []),
    ...(config.INTERNAL_TOKENS.every(isLongEnough)
      ? []
      : [`INTERNAL_TOKENS has a token of fewer than ${internalTokenLengthMin} characters`]),
  ];
  if (problems.length > 0) throw new SettingsError(problems);
  return config;
}

export type Config = ReturnType<typeof readConfig>;
