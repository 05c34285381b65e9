import { authSettings } from "@leftrail/auth";
import {
  commonSettings,
  custom,
  explained,
  parseTrustedProxies,
  portSetting,
  readSettings,
  SettingsError,
} from "@leftrail/service";
import { developmentKeyRing, holdsDevelopmentKey, parseKeyRing } from "@leftrail/store";
import { BlockList } from "node:net";

/** The only reader of the control plane's settings; throws SettingsError naming every wrong one. */
export function readConfig(env: Readonly<Record<string, string | undefined>>) {
  const config = readSettings(env, {
    ...commonSettings,
    ...authSettings,
    PORT: portSetting(8082),
    KEY_PEPPER: custom({
      parse: explained(parseKeyRing),
      example: "2026a:$(openssl rand -base64 32)",
      developmentDefault: developmentKeyRing(),
    }),
    TRUSTED_PROXIES: custom({
      parse: parseTrustedProxies,
      example: "10.0.0.0/8,192.168.1.10",
      default: new BlockList(),
    }),
  });
  if (config.NODE_ENV === "production" && holdsDevelopmentKey(config.KEY_PEPPER)) {
    throw new SettingsError(["KEY_PEPPER holds the development key, which everybody knows"]);
  }
  return config;
}

export type Config = ReturnType<typeof readConfig>;
