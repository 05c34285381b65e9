/**
 * The modules a source text names in `import`, `export … from` and `import(…)`, each once.
 * Statements are found at the start of a line, where the formatter puts them, so that code in a string does not count.
 */
export function importSpecifiers(source: string): readonly string[] {
  const found = source.matchAll(specifier);
  return [...new Set([...found].map(([, statement, expression]) => statement ?? expression ?? ""))];
}

const specifier =
  /^(?:import|export)\s(?:[^"'`;=(/]*?\sfrom\s)?\s*["']([^"'\n]+)["']|(?<=\bimport\()\s*["']([^"'\n]+)["']/gmu;
