export interface Operation {
  /** In capitals. */
  readonly method: string;
  /** With `{name}` for each parameter. */
  readonly path: string;
}

/** The operations of an OpenAPI document. */
export function operationsOf({ paths }: Record<string, unknown>): readonly Operation[] {
  if (typeof paths !== "object" || paths === null) return [];
  return Object.entries(paths).flatMap(([path, item]: [string, object]) =>
    Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
  );
}
