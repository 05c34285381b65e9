import { ProblemError } from "@leftrail/contract";
import type { CatalogProduct, Reads } from "@leftrail/store";

/** The catalog's product, or not_found. */
export async function requireProduct(catalog: Reads["catalog"], product: string): Promise<CatalogProduct> {
  const item = await catalog.find(product);
  if (item === undefined) throw new ProblemError("not_found", "The product is not in the catalog.");
  return item;
}
