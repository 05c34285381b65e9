import { startService, type ServiceProcess } from "../service-process.ts";

/**
 * A plain `node:http` server in a process of its own that gives the same answer to every
 * request: less than this no service of Node's can cost. At most some 64 KiB of body.
 */
export const startHttpFloor = (answer: {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}): Promise<ServiceProcess> =>
  startService({
    entry: new URL("http-floor-cli.ts", import.meta.url),
    name: "the plain server",
    env: {
      BODY: answer.body,
      // Names and values in turn; neither may contain a line break.
      HEADERS: [
        "content-length",
        Buffer.byteLength(answer.body),
        ...Object.entries(answer.headers).flat(),
      ].join("\n"),
    },
  });
