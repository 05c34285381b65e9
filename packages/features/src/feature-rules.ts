/** The lists that decide features beside a tenant's own rows. */
export interface FeatureRules {
  /** On for everyone in an active tenant. */
  readonly defaultEnabled: readonly string[];
  /** On for internal callers only, whatever a tenant bought. */
  readonly internalOnly: readonly string[];
  /** What a product's entitlement grants. Look names up with `productFeatures`, never by index. */
  readonly products: Readonly<Record<string, readonly string[]>>;
}

/** The lists in use when no FEATURES_FILE is set. */
export const builtInRules: FeatureRules = {
  defaultEnabled: ["activity", "dashboard", "team_settings"],
  internalOnly: ["feature_lab", "raw_events"],
  products: {
    "ai-chat": ["chat", "chat_export", "chat_history"],
    "change-radar": ["change_alerts", "change_feed", "vendor_watch"],
  },
};

/** What the map gives a product; nothing for names that only Object.prototype knows, as `constructor`. */
export function productFeatures(rules: FeatureRules, product: string): readonly string[] {
  return Object.hasOwn(rules.products, product) ? (rules.products[product] ?? []) : [];
}
