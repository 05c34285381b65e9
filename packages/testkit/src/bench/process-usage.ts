import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Microseconds of CPU that a process has used so far, user and system, all of its threads.
 * In steps of the kernel's tick, mostly 10 ms: take differences over seconds. Linux only.
 */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // As proc_pid_stat(5) numbers them: the program's name is field 2 and may contain anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (n: number): number => Number(fields[n - 3]);
  return ((field(14) + field(15)) * 1_000_000) / ticksPerSecond();
}

/** Bytes of memory that a process has in RAM. Linux only. */
export function residentBytesOf(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kibibytes === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kibibytes) * 1024;
}

let knownTicksPerSecond: number | undefined;

function ticksPerSecond(): number {
  knownTicksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  return knownTicksPerSecond;
}
