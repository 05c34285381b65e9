import { imports } from "./imports.ts";
import { noClock } from "./no-clock.ts";
import { sqlInStore } from "./sql-in-store.ts";

/** The linter's plugin `leftrail`: what its configuration alone can't say. */
export default {
  meta: { name: "leftrail" },
  rules: { imports, "no-clock": noClock, "sql-in-store": sqlInStore },
};
