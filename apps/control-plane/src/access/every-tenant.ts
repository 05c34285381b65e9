import type { Viewer } from "@leftrail/store";

/** Sees every tenant and has a role in none: for what no person asks for. */
export const everyTenant: Viewer = {
  userId: "00000000-0000-0000-0000-000000000000",
  isPlatformAdmin: true,
};
