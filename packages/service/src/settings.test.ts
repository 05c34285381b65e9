import { describe, expect, it } from "vitest";
import { runMain, StartError, type MainHost } from "./run-main.ts";
import { custom, integer, list, oneOf, optional, text, url } from "./setting-kinds.ts";
import { InvalidSetting, readSettings, SettingsError, type Setting } from "./settings.ts";

const schema = {
  PORT: integer({ min: 0, max: 65_535, default: 8080 }),
  LOG_LEVEL: oneOf(["debug", "info"], { default: "info" }),
  REDIS_URL: optional(url({ protocols: ["redis:", "rediss:"], example: "redis://localhost:6379" })),
  DOMAINS: list({ example: "a.example", developmentDefault: ["leftrail.dev"] }),
  SECRET: text({ example: "some-text" }),
};

const problemsOf = (env: Record<string, string>, settings: Record<string, Setting<unknown>> = schema) => {
  try {
    readSettings(env, settings);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

describe("settings", () => {
  it("what is not set has its default", () => {
    expect(readSettings({ SECRET: "x" }, schema)).toEqual({
      PORT: 8080,
      LOG_LEVEL: "info",
      REDIS_URL: undefined,
      DOMAINS: ["leftrail.dev"],
      SECRET: "x",
    });
  });

  it("an empty or blank text counts as unset", () => {
    const env = { SECRET: "x", PORT: "", LOG_LEVEL: " ", REDIS_URL: "" };
    expect(readSettings(env, schema)).toMatchObject({ PORT: 8080, LOG_LEVEL: "info", REDIS_URL: undefined });
    expect(problemsOf({ SECRET: "" })).toEqual(["SECRET is not set, for example SECRET=some-text"]);
  });

  it("what is set is parsed, with its type", () => {
    const env = { PORT: " 0 ", LOG_LEVEL: "debug", REDIS_URL: "rediss://h", DOMAINS: " a , ,b", SECRET: "s" };
    const settings = readSettings(env, schema);
    const typed: { PORT: number; LOG_LEVEL: "debug" | "info"; REDIS_URL: string | undefined } = settings;
    expect(typed).toEqual({
      PORT: 0,
      LOG_LEVEL: "debug",
      REDIS_URL: "rediss://h",
      DOMAINS: ["a", "b"],
      SECRET: "s",
    });
  });

  it("every wrong setting is named at once, with an example and without its value", () => {
    const env = { PORT: "s3cret", LOG_LEVEL: "s3cret", REDIS_URL: "s3cret", NODE_ENV: "production" };
    expect(problemsOf(env)).toEqual([
      "PORT must be a whole number from 0 to 65535, for example PORT=8080",
      "LOG_LEVEL must be one of debug, info, for example LOG_LEVEL=debug",
      "REDIS_URL must be a URL that begins with redis: or rediss:, for example REDIS_URL=redis://localhost:6379",
      "DOMAINS is not set and has no default in production, for example DOMAINS=a.example",
      "SECRET is not set, for example SECRET=some-text",
    ]);
  });

  it.each(["-1", "65536", "1.5", "1e3", "0x10", "９", "1 0", "9".repeat(30), "NaN"])(
    "%s is no whole number of the range",
    (value) => {
      expect(problemsOf({ SECRET: "x", PORT: value })).toHaveLength(1);
    },
  );

  it.each(["localhost:6379", "http://h", "//h", "redis"])("%s is no URL of the protocols", (value) => {
    expect(problemsOf({ SECRET: "x", REDIS_URL: value })).toHaveLength(1);
  });

  it("a parser's own message is printed, any other error's is not", () => {
    const parsing = (error: Error) =>
      custom<string>({
        parse: () => {
          throw error;
        },
        example: "e",
      });
    const settings = { A: parsing(new InvalidSetting("must be odd")), B: parsing(new Error("s3cret")) };
    expect(problemsOf({ A: "x", B: "x" }, settings)).toEqual([
      "A must be odd, for example A=e",
      "B is not valid, for example B=e",
    ]);
  });
});

describe("main", () => {
  const run = async (main: () => Promise<void>) => {
    let printed = "";
    const host: MainHost = { stderr: { write: (chunk) => (printed += chunk) }, exitCode: undefined };
    await runMain(main, host);
    return { printed, exitCode: host.exitCode };
  };

  it("a main that ends well prints nothing", async () => {
    expect(await run(async () => undefined)).toEqual({ printed: "", exitCode: undefined });
  });

  it("wrong settings are printed plainly, without a stack, and exit with 1", async () => {
    const main = async () => void readSettings({}, { SECRET: schema.SECRET });
    expect(await run(main)).toEqual({
      printed: "Wrong settings:\n  SECRET is not set, for example SECRET=some-text\n",
      exitCode: 1,
    });
  });

  it("another reason not to start is its message alone", async () => {
    const main = () => Promise.reject(new StartError("Port 1 is taken."));
    expect(await run(main)).toEqual({ printed: "Port 1 is taken.\n", exitCode: 1 });
  });

  it("an unexpected error is printed with its stack", async () => {
    const { printed, exitCode } = await run(() => Promise.reject(new Error("boom")));
    expect([printed, exitCode]).toEqual([expect.stringMatching(/boom\n\s+at /), 1]);
  });
});
