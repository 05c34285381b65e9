import { z } from "zod";
import { productKeySchema } from "@leftrail/contract";
import type { FeatureRules } from "./feature-rules.ts";
import { wellFormedFeatureNameSchema } from "./feature-name.ts";

/**
 * The rules in the text of a FEATURES_FILE: JSON `{defaultEnabled: […], internalOnly: […], products: {product: […]}}`.
 * Throws an Error that names everything that is wrong, and where.
 */
export function parseFeatureRules(text: string): FeatureRules {
  const parsed = rulesSchema.safeParse(readJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(`FEATURES_FILE: ${parsed.error.issues.map(describe).join("; ")}`);
}

const namesSchema = z.array(wellFormedFeatureNameSchema);

// zod's own record drops a product named `__proto__` without a word; Object.fromEntries keeps it.
const productsSchema = z.custom<object>(isRecord, "must be an object").transform((value, context) => {
  const products = new Map<string, readonly string[]>();
  for (const [product, names] of Object.entries(value)) {
    const entry = z.tuple([productKeySchema, namesSchema]).safeParse([product, names]);
    if (entry.success) products.set(...entry.data);
    for (const { message, path } of entry.error?.issues ?? []) {
      context.addIssue({ code: "custom", message, path: [product, ...path.slice(1)] });
    }
  }
  return Object.fromEntries(products);
});

const rulesSchema = z.strictObject({
  defaultEnabled: namesSchema,
  internalOnly: namesSchema,
  products: productsSchema,
});

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`FEATURES_FILE: is not JSON: ${error instanceof Error ? error.message : "unreadable"}`, {
      cause: error,
    });
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.map((part) => JSON.stringify(part)).join(" → ")}: ${message}`;
}
