import { StartError } from "@leftrail/service";
import { expect, test } from "vitest";
import { readOptions, usage } from "./options.ts";

const url = "http://127.0.0.1:8080";

test("without arguments it is one run for acme on the running pnpm dev", () => {
  const defaults = { url, org: "acme", token: undefined, speed: 1, isLooping: false };
  for (const argv of [[], ["--"], ["--once"]]) expect(readOptions(argv, url)).toEqual(defaults);
});

test("each option is taken, in both spellings", () => {
  const options = { url: "https://x.example/a", org: "umbrella", token: "t", speed: 0.5, isLooping: true };
  const given = Object.entries({ url: "https://x.example/a/", org: "umbrella", token: "t", speed: "0.5" });
  const apart = given.flatMap(([name, value]) => [`--${name}`, value]);
  const joined = given.map(([name, value]) => `--${name}=${value}`);
  for (const argv of [apart, joined]) expect(readOptions([...argv, "--loop"], url)).toEqual(options);
});

test("help goes before everything else and names each option", () => {
  for (const argv of [["--help"], ["-h", "--speed", "x"]]) expect(readOptions(argv, url)).toBe("help");
  for (const name of ["url", "org", "token", "speed", "once", "loop", "help"]) {
    expect(usage(url)).toContain(`--${name} `);
  }
  expect(usage(url)).toContain(`(${url})`);
});

test.each([
  [["--sped", "5"], "--sped"],
  [["acme"], "acme"],
  [["--speed"], "--speed"],
  [["--speed", "0"], "--speed"],
  [["--speed", "-1"], "--speed"],
  [["--speed", "1e3"], "--speed"],
  [["--speed", "fast"], "--speed"],
  [["--url", "localhost:8080"], "--url"],
  [["--url", "ws://localhost"], "--url"],
  [["--once", "--loop"], "--once and --loop"],
])("%j is refused, naming what is wrong and where to read on", (argv, what) => {
  const read = () => readOptions(argv, url);
  expect(read).toThrow(StartError);
  expect(read).toThrow(what);
  expect(read).toThrow("pnpm demo:events --help");
});
