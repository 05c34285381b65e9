import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { basename, join } from "node:path";

/** `pnpm bench [name…]`: runs the named benchmarks, or all of them, one after the other. */
const root = join(import.meta.dirname, "../..");
const benchmarks = new Map(
  globSync("{apps,packages}/*/bench/*.ts", { cwd: root })
    .toSorted()
    .map((path) => [basename(path, ".ts"), join(root, path)]),
);
const asked = process.argv.slice(2).filter((argument) => argument !== "--");
const unknown = asked.filter((name) => !benchmarks.has(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")}: there is ${[...benchmarks.keys()].join(", ")}.`);
  process.exit(1);
}

for (const [name, path] of benchmarks) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, [path], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
