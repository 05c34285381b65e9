import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "vitest";
import { run, startLeftrail } from "./set-up/run-leftrail.ts";
import { makeWorkFolder } from "./set-up/work-folder.ts";

const timeout = 20_000;

test.concurrent.for<[Record<string, string>, RegExp]>([
  [{ PORT: "abc" }, /PORT must be a whole number/],
  [{ LOG_LEVEL: "loud" }, /LOG_LEVEL must be one of/],
  [{ PORT: "abc", LOG_LEVEL: "loud" }, /LOG_LEVEL must be [^]*PORT must be/],
  [{ FEATURES_FILE: "missing.json" }, /FEATURES_FILE names missing\.json, which can't be read/],
  [{ FEATURES_FILE: "malformed.json" }, /FEATURES_FILE[^]*malformed\.json/],
  [{ NODE_ENV: "production" }, /NODE_ENV is production/],
])(
  "%j stops the start with 1 and a message that names what is wrong",
  { timeout },
  async ([env, message], { expect }) => {
    await using folder = await makeWorkFolder();
    await writeFile(join(folder.path, "malformed.json"), '{"defaultEnabled": 1}');
    await using refused = run("main.ts", { cwd: folder.path, env });
    expect(await refused.ended).toBe(1);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr).not.toMatch(/^\s+at /m);
    expect(await readdir(folder.path)).toEqual(["malformed.json"]);
  },
);

test.concurrent("an argument nobody knows is refused by name", { timeout }, async ({ expect }) => {
  await using folder = await makeWorkFolder();
  await using refused = run("main.ts", { cwd: folder.path, args: ["--memroy"] });
  expect(await refused.ended).toBe(1);
  expect(refused.stderr).toBe("--memroy: the only argument is --memory.\n");
});

test.concurrent(
  "of two first starts at once, one gets the folder and the other one is refused",
  { timeout },
  async ({ expect }) => {
    await using folder = await makeWorkFolder();
    await using one = run("main.ts", { cwd: folder.path });
    await using other = run("main.ts", { cwd: folder.path });
    const [winner, loser] = await Promise.race([
      one.ended.then(() => [other, one] as const),
      other.ended.then(() => [one, other] as const),
    ]);
    expect(await loser.ended).toBe(1);
    expect(loser.stderr).toMatch(/^Leftrail runs on the data in \.leftrail already \(process \d+\)\..*\n$/);
    await winner.printed(/store: postgres/);
    expect(winner.stderr).toBe("");
  },
);

test.concurrent(
  "pnpm token without a Leftrail to ask says how to start one",
  { timeout },
  async ({ expect }) => {
    await using folder = await makeWorkFolder();
    await using leftrail = await startLeftrail({ cwd: folder.path, args: ["--memory"] });
    const { port } = new URL(leftrail.url);
    leftrail.kill("SIGINT");
    await leftrail.ended;
    await using cli = run("token-cli.ts", { cwd: folder.path, args: ["alice"], env: { PORT: port } });
    expect(await cli.ended).toBe(1);
    expect(cli.stdout).toBe("");
    expect(cli.stderr).toBe(`No Leftrail answers at 127.0.0.1:${port}. Start it with: pnpm dev\n`);
  },
);

test.concurrent("pnpm dev --memory writes nothing", { timeout }, async ({ expect }) => {
  await using folder = await makeWorkFolder();
  await using leftrail = await startLeftrail({ cwd: folder.path, args: ["--memory"] });
  leftrail.kill("SIGTERM");
  expect(await leftrail.ended).toBe(0);
  expect(await readdir(folder.path)).toEqual([]);
});

test.concurrent(
  "where no cluster can be made, everything is in memory, and the banner says why",
  { timeout },
  async ({ expect }) => {
    await using folder = await makeWorkFolder();
    // Root may write everywhere, but the account that its server runs as can't get through here.
    await chmod(folder.path, process.getuid?.() === 0 ? 0o700 : 0o500);
    await using leftrail = await startLeftrail({ cwd: folder.path });
    expect(leftrail.stdout).toContain("(store: memory)");
    expect(leftrail.stdout).toMatch(
      /No embedded Postgres \(.*permission denied.*\): everything is in memory/i,
    );
    leftrail.kill("SIGINT");
    expect(await leftrail.ended).toBe(0);
    await chmod(folder.path, 0o755);
    expect(await readdir(folder.dataDir).catch(() => [])).not.toContainEqual(
      expect.stringMatching(/^postgres(\.new.*)?$/),
    );
  },
);

test.concurrent(
  "it stops as it should when nobody reads its words any more",
  { timeout },
  async ({ expect }) => {
    await using folder = await makeWorkFolder();
    await using leftrail = await startLeftrail({ cwd: folder.path, args: ["--memory"] });
    leftrail.stopListening();
    leftrail.kill("SIGINT");
    expect(await leftrail.ended).toBe(0);
    expect(leftrail.stderr).toBe("");
  },
);
