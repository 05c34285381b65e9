import type { Socket } from "node:net";
import postgres from "postgres";
import { toInstant, type Instant } from "@leftrail/contract";

/** What one app may do, taken as the role of every connection. */
export type DatabaseRole = "leftrail_reader" | "leftrail_writer";

export interface PostgresClientOptions {
  readonly url: string;
  /** Shows in pg_stat_activity. */
  readonly applicationName: string;
  /** Null keeps the login's own rights: migrations and tests only. */
  readonly role: DatabaseRole | null;
  readonly connectionsMax?: number;
  readonly statementTimeoutMs?: number;
  /** The server ends a session that says nothing for so long. Without it connections close after a minute. */
  readonly idleSessionTimeoutMs?: number;
  /** False where no column or parameter is an array: spares each connection a statement. */
  readonly needsArrayTypes?: boolean;
  /** Hears of every connection that was open and is lost, before anything else can be said on it. */
  readonly onClose?: () => void;
  /** How long a connection that was lost waits at least before it is made again. */
  readonly reconnectDelayMsMin?: number;
  /** Opens the connections in the place of the driver. */
  readonly openSocket?: (address: SocketAddress) => Socket;
  /** Hears of every statement: its text, never its values. */
  readonly onStatement?: (text: string) => void;
}

/** What the driver read from the URL. */
export interface SocketAddress {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix socket. */
  readonly path: string | false | undefined;
}

/** Connections one process keeps at most. */
const connectionsMaxDefault = 10;
const connectTimeoutSeconds = 5;
const idleTimeoutSeconds = 60;
const statementTimeoutMsDefault = 5_000;
const lockTimeoutMs = 2_000;
const idleInTransactionTimeoutMs = 10_000;
/** How long a connection that was lost waits before it is made again, at first and at most. */
const reconnectDelayMsMinDefault = 10;
const reconnectDelayMsMax = 1_000;

interface CustomTypes extends Record<string, postgres.PostgresType> {
  instant: {
    to: 1184;
    from: [1184];
    serialize: (value: unknown) => string;
    parse: (text: string) => Instant;
  };
  bigint: { to: 20; from: [20]; serialize: (value: unknown) => string; parse: (text: string) => number };
}

/** A client as the factory makes it, or a transaction on it. */
export type Sql = postgres.Sql<ParsedTypes> | postgres.TransactionSql<ParsedTypes>;
export type Fragment = postgres.PendingQuery<postgres.Row[]>;
export type Client = postgres.Sql<ParsedTypes>;
interface ParsedTypes extends Record<string, unknown> {
  instant: Instant;
  bigint: number;
}

/**
 * The one place where a Postgres connection is made. Columns come in camelCase,
 * timestamptz as an Instant (postgres.js would cut it to a millisecond Date).
 */
export function createClient(options: PostgresClientOptions): Client {
  const {
    url,
    applicationName,
    role,
    connectionsMax = connectionsMaxDefault,
    onStatement,
    onClose,
  } = options;
  const { idleSessionTimeoutMs, reconnectDelayMsMin = reconnectDelayMsMinDefault } = options;
  return postgres<CustomTypes>(url, {
    max: connectionsMax,
    connect_timeout: connectTimeoutSeconds,
    backoff: (failures) => reconnectDelaySeconds(failures, reconnectDelayMsMin),
    fetch_types: options.needsArrayTypes ?? true,
    ...(idleSessionTimeoutMs === undefined
      ? { idle_timeout: idleTimeoutSeconds }
      : { idle_timeout: 0, max_lifetime: null }),
    ...(onClose === undefined ? {} : { onclose: () => onClose() }),
    ...socketOption(options.openSocket),
    onnotice: () => undefined,
    ...(onStatement === undefined ? {} : { debug: (_connection, text) => onStatement(text) }),
    transform: { column: { from: postgres.toCamel } },
    types: {
      instant: { to: 1184, from: [1184], serialize: String, parse: instantFromPostgres },
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
    },
    connection: {
      application_name: applicationName,
      TimeZone: "UTC",
      DateStyle: "ISO",
      statement_timeout: options.statementTimeoutMs ?? statementTimeoutMsDefault,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
      ...(role === null ? {} : { role }),
      ...(idleSessionTimeoutMs === undefined ? {} : { idle_session_timeout: idleSessionTimeoutMs }),
    },
  });
}

/** The driver's own delay grows to 20 s, long after a database that restarts is back. */
const reconnectDelaySeconds = (failures: number, delayMsMin: number): number =>
  ((0.5 + Math.random() / 2) * Math.min(delayMsMin * 3 ** failures, reconnectDelayMsMax)) / 1000;

/** The driver documents this option, but its types don't know it. */
const socketOption = (openSocket: PostgresClientOptions["openSocket"]): object =>
  openSocket === undefined ? {} : { socket: openSocket };

/** `2026-01-31 12:00:00.5+00`, or the same as JSON prints it, as an Instant. */
export function instantFromPostgres(text: string): Instant {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00(?::00)?$/.exec(text);
  if (match === null) throw new TypeError("a timestamp outside of the years 1 to 9999, or not in UTC");
  return toInstant(`${match[1]}T${match[2]}.${(match[3] ?? "").padEnd(6, "0")}Z`);
}
