import { once } from "node:events";
import { connect, createServer } from "node:net";
import { openFaultConnection, type FaultConnection, type Passages } from "./fault-connection.ts";
import { listenOnFreePort } from "./listen.ts";

/**
 * What connections meet. `latencyMs` is added each way. `blackHole`: they are accepted and stay
 * open, and no byte passes. `holdAnswers`: what clients send arrives, the answers do not.
 * `refuse`: new connections are reset at once, the living ones when it is set.
 */
export type Fault = "none" | "blackHole" | "holdAnswers" | "refuse" | { readonly latencyMs: number };

export interface FaultProxy extends AsyncDisposable {
  /** The target's URL with the proxy's host and port. */
  readonly url: string;
  readonly port: number;
  /** Connections that clients have open. One that a client closes while it is held counts until it is let go. */
  connectionCount(): number;
  /**
   * For living and new connections alike. What was held flows on as soon as it may,
   * unless `cutLiving` resets the living connections first.
   */
  set(fault: Fault, options?: { readonly cutLiving?: boolean }): void;
  /** Resets all living connections, once. */
  cut(): void;
}

/** A TCP proxy on a free port of 127.0.0.1 in front of a URL's server, such as a Postgres or a Redis. */
export async function startFaultProxy(targetUrl: string): Promise<FaultProxy> {
  const target = addressOf(targetUrl);
  const connections = new Set<FaultConnection>();
  let passages = passagesOf("none");

  const server = createServer(socketOptions, (client) => {
    const connectToServer = () => connect({ ...target, ...socketOptions });
    const connection = openFaultConnection(client, connectToServer, () => connections.delete(connection));
    if (passages === "refused") {
      connection.cut();
      return;
    }
    connections.add(connection);
    connection.set(passages);
  });
  const port = await listenOnFreePort(server);

  const cut = (): void => {
    for (const connection of connections) connection.cut();
    connections.clear();
  };
  return {
    url: withPort(targetUrl, port),
    port,
    connectionCount: () => [...connections].filter((connection) => connection.isOpen()).length,
    set(fault, { cutLiving = false } = {}) {
      passages = passagesOf(fault);
      if (cutLiving || passages === "refused") cut();
      else for (const connection of connections) connection.set(passages);
    },
    cut,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}

/** Nothing is read before a lane asks for it, and each direction ends by itself. */
const socketOptions = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };

function passagesOf(fault: Fault): Passages | "refused" {
  const free = { latencyMs: 0 };
  switch (fault) {
    case "none":
      return { toServer: free, toClient: free };
    case "blackHole":
      return { toServer: "held", toClient: "held" };
    case "holdAnswers":
      return { toServer: free, toClient: "held" };
    case "refuse":
      return "refused";
    default:
      return { toServer: fault, toClient: fault };
  }
}

const defaultPorts = new Map([
  ["http:", 80],
  ["postgres:", 5432],
  ["postgresql:", 5432],
  ["redis:", 6379],
]);

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  const portNumber = port === "" ? defaultPorts.get(protocol) : Number(port);
  if (portNumber === undefined) throw new Error(`${protocol} has no default port that is known here`);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: portNumber };
}

function withPort(targetUrl: string, port: number): string {
  const url = new URL(targetUrl);
  url.hostname = "127.0.0.1";
  url.port = String(port);
  // URL adds a slash to http://host, behind which callers put their own.
  return targetUrl.endsWith("/") ? url.href : url.href.replace(/\/$/, "");
}
