import { authSettings } from "@leftrail/auth";
import { commonSettings, portSetting, readSettings } from "@leftrail/service";

/** The only reader of the hot path's settings; throws SettingsError naming every wrong one. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>) =>
  readSettings(env, { ...commonSettings, ...authSettings, PORT: portSetting(8081) });

export type Config = ReturnType<typeof readConfig>;
