import { join } from "node:path";
import { brokenLinks, missingPaths, unknownScripts } from "./document-rules.ts";
import { readDocuments } from "./documents.ts";
import { undocumentedSettings } from "./settings-rule.ts";
import { describeViolation, type Violation } from "./violation.ts";

/** What the documents name must exist: files, headings, commands, settings. */
export function findDocumentViolations(root: string): readonly Violation[] {
  const documents = readDocuments(root);
  return [
    ...documents.flatMap((document) => [
      ...brokenLinks(root, document, documents),
      ...missingPaths(root, document),
      ...unknownScripts(root, document),
    ]),
    ...undocumentedSettings(root),
  ];
}

function main(): void {
  const root = join(import.meta.dirname, "../..");
  const violations = findDocumentViolations(root);
  for (const violation of violations) console.error(describeViolation(violation));
  if (violations.length > 0) process.exitCode = 1;
  else console.log(`documents: ${readDocuments(root).length} files, ok`);
}

if (import.meta.main) main();
