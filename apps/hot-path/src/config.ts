import { authSettings } from "@leftrail/auth";
import { commonSettings, portSetting, readSettings, redisSetting } from "@leftrail/service";
import { corsOriginsSetting } from "./http/cors-origins.ts";

/** The only reader of the hot path's settings; throws SettingsError naming every wrong one. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>) =>
  readSettings(env, {
    ...commonSettings,
    ...authSettings,
    PORT: portSetting(8081),
    REDIS_URL: redisSetting,
    CORS_ORIGINS: corsOriginsSetting,
  });

export type Config = ReturnType<typeof readConfig>;
