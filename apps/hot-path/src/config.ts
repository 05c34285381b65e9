import { authSettings } from "@leftrail/auth";
import { commonSettings, portSetting, readSettings, redisSetting } from "@leftrail/service";
import { corsOriginsSetting } from "./http/cors-origins.ts";
import { streamSettings } from "./stream/stream-settings.ts";

/** The only reader of the hot path's settings; throws SettingsError naming every wrong one. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>) =>
  readSettings(env, {
    ...commonSettings,
    ...authSettings,
    PORT: portSetting(8081),
    REDIS_URL: redisSetting,
    CORS_ORIGINS: corsOriginsSetting,
    ...streamSettings,
  });

export type Config = ReturnType<typeof readConfig>;
