export type { ClosedLoop, ClosedLoopResult } from "./closed-loop.ts";
export { startHttpFloor } from "./http-floor.ts";
export { interleave, type Interleaved } from "./interleave.ts";
export { openClient, type Answer, type FullAnswer, type LoadClient } from "./load-client.ts";
export { readMetrics } from "./metrics.ts";
export { openLoop, type Timed } from "./open-loop.ts";
export { prepareRequest, type RequestParts } from "./prepare-request.ts";
export { cpuMicrosOf, residentBytesOf } from "./process-usage.ts";
export { quantile, report, type Line } from "./report.ts";
