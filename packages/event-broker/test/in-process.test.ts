import { inProcess } from "./brokers.ts";
import { publishingSuite } from "./suites/publishing.ts";
import { randomSchedules } from "./suites/random-schedules.ts";
import { resumingSuite } from "./suites/resuming.ts";
import { subscribingSuite } from "./suites/subscribing.ts";

publishingSuite(inProcess);
resumingSuite(inProcess);
subscribingSuite(inProcess);
randomSchedules(inProcess, 200);
