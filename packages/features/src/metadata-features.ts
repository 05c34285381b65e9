import { z } from "zod";
import { wellFormedFeatureNameSchema } from "./feature-name.ts";

/** Longest `metadata.features` that is read, in UTF-16 code units; Stripe itself stops at 500. */
export const metadataFeaturesCharsMax = 16_384;

/** What a product's metadata names: its features (none, when it has no such field), or null when that is malformed. */
export function metadataFeatures(metadata: unknown): readonly string[] | null {
  if (metadata === null || metadata === undefined) return [];
  if (typeof metadata !== "object" || Array.isArray(metadata)) return null;
  if (!Object.hasOwn(metadata, "features")) return [];
  const parsed = metadataSchema.safeParse(metadata);
  return parsed.success ? parsed.data.features : null;
}

// A JSON text within a string, because Stripe's metadata values can only be strings.
const metadataSchema = z.object({
  features: z
    .string()
    .max(metadataFeaturesCharsMax)
    .transform(parseJson)
    .pipe(z.array(wellFormedFeatureNameSchema)),
});

/** Undefined, which is no list of features, for what is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
