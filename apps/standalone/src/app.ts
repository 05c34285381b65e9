import { createApp as createControlPlane } from "@leftrail/control-plane/app";
import { createApp as createHotPath } from "@leftrail/hot-path/app";
import type { Deps } from "./deps.ts";
import { createDevApp } from "./development/dev-app.ts";
import { dispatch } from "./dispatch.ts";

/** Both apps and the development routes behind one port. */
export const createApp = (deps: Deps, overview: () => string) =>
  dispatch({
    hotPath: createHotPath(deps),
    controlPlane: createControlPlane(deps),
    development: createDevApp({ ...deps, overview }),
  });
