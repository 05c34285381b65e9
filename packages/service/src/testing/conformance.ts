import { Ajv2020 } from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** One answer, as far as a document speaks about it. */
export interface SeenAnswer {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  /** Parsed; undefined when there was none. */
  readonly body: unknown;
}

/** Throws when an answer is not what the document promises. Answers of undocumented paths are none of its business. */
export type Conformance = (answer: SeenAnswer) => void;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

/** Reads a committed OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12. */
export function conformanceTo(file: URL): Conformance {
  const document = readDocument(file);
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, "document");
  const routes = Object.entries(document.paths)
    // A literal segment goes before a parameter, as it does in the router.
    .toSorted(([a], [b]) => a.split("{").length - b.split("{").length)
    .map(([path, item]) => ({ path, item, pattern: patternOf(path) }));

  return ({ method, path, status, contentType, body }) => {
    const route = routes.find(({ pattern }) => pattern.test(path));
    const operation = route?.item[method === "HEAD" ? "get" : method.toLowerCase()];
    if (route === undefined || operation === undefined) return;
    const name = `${method} ${route.path}`;
    const response = operation.responses[String(status)];
    if (response === undefined)
      throw new Error(`${name} answered ${status}, which its document does not name`);
    if (body === undefined) return;
    const mediaType = contentType?.split(";")[0] ?? "";
    if (response.content?.[mediaType] === undefined) {
      throw new Error(`${name} answered ${status} with ${mediaType}, which its document does not name`);
    }
    const pointer = [
      "paths",
      route.path,
      method.toLowerCase(),
      "responses",
      status,
      "content",
      mediaType,
      "schema",
    ];
    const validate = ajv.getSchema(`document#/${pointer.map(escapePointer).join("/")}`);
    if (validate?.(body) !== true) {
      throw new Error(`${name} answered ${status} with another body: ${ajv.errorsText(validate?.errors)}`);
    }
  };
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`);

const escapePointer = (part: string | number): string =>
  encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"));

function readDocument(file: URL): Document {
  const document: unknown = parse(readFileSync(file, "utf8"));
  return document as Document;
}
