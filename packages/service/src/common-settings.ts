import { logLevels } from "./logger.ts";
import { integer, oneOf, optional, text, url } from "./setting-kinds.ts";

/** The settings of every service, whatever it serves. */
export const commonSettings = {
  NODE_ENV: oneOf(["development", "test", "production"], { default: "development" }),
  HOST: text({ example: "127.0.0.1", default: "127.0.0.1" }),
  LOG_LEVEL: oneOf(logLevels, { default: "info" }),
  DATABASE_URL: url({
    protocols: ["postgres:", "postgresql:"],
    example: "postgres://user:password@localhost:5432/leftrail",
    // Empty is the in-memory store, which production must not fall back to.
    developmentDefault: "",
  }),
  FEATURES_FILE: optional(text({ example: "./features.json" })),
};

/** `REDIS_URL`; empty is a process on its own, which production must not fall back to. */
export const redisSetting = url({
  protocols: ["redis:", "rediss:"],
  example: "redis://localhost:6379",
  developmentDefault: "",
});

/** `PORT`, with the default of one service. */
export const portSetting = (port: number) => integer({ min: 0, max: 65_535, default: port });
