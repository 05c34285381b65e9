import type { CatalogProduct, CatalogProductForTenant, Page, PageRequest } from "../records.ts";

export interface CatalogReads {
  find(product: string): Promise<CatalogProduct | undefined>;
  /** Sorted by product. A position is the last product seen. */
  list(page: PageRequest<string>): Promise<Page<CatalogProduct, string>>;
  listForTenant(tenantId: string, page: PageRequest<string>): Promise<Page<CatalogProductForTenant, string>>;
}
