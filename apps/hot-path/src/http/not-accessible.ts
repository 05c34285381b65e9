import { ProblemError } from "@leftrail/contract";

/** The same for an organization that does not exist and for one that is somebody else's. */
export const notAccessible = (): ProblemError =>
  new ProblemError("forbidden", "You have no access to this organization.");
