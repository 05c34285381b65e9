import { featureNameSchema } from "@leftrail/contract";

/**
 * A feature's name: 1 to 128 characters. A lone surrogate is refused, for
 * RFC 8785 has no canonical form of it and the list's hash would be undefined.
 */
export const wellFormedFeatureNameSchema = featureNameSchema.refine(
  (name) => name.isWellFormed(),
  "must not contain half of a surrogate pair",
);
