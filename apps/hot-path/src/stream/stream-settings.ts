import { integer, readSettings } from "@leftrail/service";
import type { StreamSettings } from "./streams.ts";

/** The settings of the stream, as operators name them. */
export const streamSettings = {
  STREAM_HEARTBEAT_MS: integer({ min: 10, max: 3_600_000, default: 15_000 }),
  STREAM_MAX_PER_USER: integer({ min: 1, max: 1_000_000, default: 20 }),
  STREAM_MAX_PER_ORG: integer({ min: 1, max: 1_000_000, default: 20_000 }),
  /** 0: all at once. */
  STREAM_DRAIN_SECONDS: integer({ min: 0, max: 3_600, default: 20 }),
};

type Names = keyof typeof streamSettings;

export const toStreamSettings = (config: Readonly<Record<Names, number>>): StreamSettings => ({
  heartbeatMs: config.STREAM_HEARTBEAT_MS,
  perUserMax: config.STREAM_MAX_PER_USER,
  perOrganizationMax: config.STREAM_MAX_PER_ORG,
  drainMs: config.STREAM_DRAIN_SECONDS * 1000,
});

/** What holds where nobody has set anything. */
export const defaultStreamSettings = (): StreamSettings => toStreamSettings(readSettings({}, streamSettings));
