import { isRecord } from "./is-record.ts";

/** One trusted issuer, as an entry of `AUTH_ISSUERS` names it. */
export interface AuthIssuer {
  /** Exactly the `iss` of its tokens, to the last slash. */
  readonly issuer: string;
  readonly jwksUrl: string;
  /** A token must name one of these in its `aud`. */
  readonly audience: string | readonly string[];
}

const fields = ["issuer", "jwksUrl", "audience"];
const example =
  '[{"issuer":"https://id.example.com","jwksUrl":"https://id.example.com/jwks.json","audience":"authenticated"}]';

/**
 * Reads the setting `AUTH_ISSUERS`: a JSON array of at least one issuer, each
 * with exactly the three fields. Throws an Error that says what to mend.
 */
export function parseAuthIssuers(text: string): readonly AuthIssuer[] {
  const entries = parseArray(text);
  const seen = new Set<string>();
  return entries.map((entry, index) => {
    const parsed = parseEntry(entry, `AUTH_ISSUERS[${index}]`);
    if (seen.has(parsed.issuer)) throw new Error(`AUTH_ISSUERS names the issuer "${parsed.issuer}" twice`);
    seen.add(parsed.issuer);
    return parsed;
  });
}

function parseArray(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`AUTH_ISSUERS is not valid JSON; it must look like ${example}`);
  }
  if (!Array.isArray(value)) throw new Error(`AUTH_ISSUERS must be a JSON array, like ${example}`);
  if (value.length === 0) throw new Error("AUTH_ISSUERS is empty: nobody could sign in; name an issuer");
  return value;
}

function parseEntry(entry: unknown, where: string): AuthIssuer {
  if (!isRecord(entry)) throw new Error(`${where} must be an object with ${fields.join(", ")}`);
  const unknown = Object.keys(entry).filter((field) => !fields.includes(field));
  if (unknown.length > 0) {
    throw new Error(
      `${where} has the unknown field "${unknown.join('", "')}"; known are ${fields.join(", ")}`,
    );
  }
  return {
    issuer: parseText(entry["issuer"], `${where}.issuer`),
    jwksUrl: parseUrl(entry["jwksUrl"], `${where}.jwksUrl`),
    audience: parseAudience(entry["audience"], `${where}.audience`),
  };
}

function parseText(value: unknown, where: string): string {
  if (value === undefined) throw new Error(`${where} is missing`);
  if (typeof value !== "string" || value === "") throw new Error(`${where} must be a non-empty string`);
  if (value.trim() !== value) throw new Error(`${where} has white space around it`);
  return value;
}

function parseUrl(value: unknown, where: string): string {
  const text = parseText(value, where);
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new Error(`${where} must be an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(`${where} must not carry a user name or password`);
  }
  return text;
}

function parseAudience(value: unknown, where: string): string | readonly string[] {
  if (!Array.isArray(value)) return parseText(value, where);
  if (value.length === 0) throw new Error(`${where} must name at least one audience`);
  return value.map((item, index) => parseText(item, `${where}[${index}]`));
}
