import { isScope, type Scope } from "@leftrail/cache-keys";

/**
 * What stands in the stream `changes`. A relay numbers what it says within a session, from 0,
 * without a gap; so whoever reads along knows when something is missing.
 */
export type Message = { readonly session: string; readonly number: number } & Said;

export type Said =
  /** A session begins: the relay has taken over, or this Redis may not be the one it knew. */
  | { readonly kind: "begin" }
  /** Every change committed before `provenMs` of Redis's clock stands further up in the stream. */
  | { readonly kind: "beat"; readonly provenMs: number }
  /** The epochs of the scopes were replaced; the oldest row was written at `writtenMs` of Redis's clock. */
  | { readonly kind: "change"; readonly writtenMs: number; readonly scopes: readonly Scope[] };

/** A message as the fields and values of an entry, in Redis's flat form. */
export function encodeMessage(message: Message): string[] {
  const base = ["kind", message.kind, "session", message.session, "n", String(message.number)];
  switch (message.kind) {
    case "begin":
      return base;
    case "beat":
      return [...base, "proven", message.provenMs.toFixed(3)];
    case "change":
      return [...base, "written", message.writtenMs.toFixed(3), "scopes", message.scopes.join(" ")];
    default: {
      const unhandled: never = message;
      return unhandled;
    }
  }
}

/** Undefined for an entry that no relay wrote. */
export function decodeMessage(fields: readonly string[]): Message | undefined {
  const values = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) values.set(fields[at] ?? "", fields[at + 1] ?? "");
  const session = values.get("session");
  const number = numberOf(values.get("n"));
  if (session === undefined || number === undefined) return undefined;
  const said = decodeSaid(values);
  return said === undefined ? undefined : { session, number, ...said };
}

function decodeSaid(values: ReadonlyMap<string, string>): Said | undefined {
  switch (values.get("kind")) {
    case "begin":
      return { kind: "begin" };
    case "beat": {
      const provenMs = numberOf(values.get("proven"));
      return provenMs === undefined ? undefined : { kind: "beat", provenMs };
    }
    case "change": {
      const writtenMs = numberOf(values.get("written"));
      const scopes = (values.get("scopes") ?? "").split(" ");
      return writtenMs === undefined || !scopes.every(isScope)
        ? undefined
        : { kind: "change", writtenMs, scopes };
    }
    default:
      return undefined;
  }
}

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}(?:\.\d{1,3})?$/.test(text) ? Number(text) : undefined;
