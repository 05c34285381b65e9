import { Socket } from "node:net";
import { createClient, type Client, type PostgresClientOptions, type SocketAddress } from "./client.ts";

export type CuttableClientOptions = Omit<PostgresClientOptions, "openSocket" | "needsArrayTypes">;

/** A client that can be parted from a server that answers no more. */
export interface CuttableClient {
  readonly client: Client;
  /** Rejects what runs and destroys every connection at once, also those that are being made. */
  cutOff(): Promise<void>;
}

/**
 * `client.end` says goodbye and waits for the server to close: at a server that is
 * frozen or out of reach that is never, and each connection keeps its descriptor.
 * So this client opens its sockets itself, and knows them.
 */
export function openCuttableClient(options: CuttableClientOptions): CuttableClient {
  const sockets = new Set<Socket>();
  let isCut = false;
  let attempts = 0;

  const openSocket = ({ host: hosts, port: ports, path }: SocketAddress): Socket => {
    // A connection that was already on its way when the client was cut off.
    if (isCut) throw new Error("the client was cut off");
    const socket = new Socket();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (typeof path === "string") return socket.connect(path);
    // Several hosts take turns, as they do in the driver.
    const turn = attempts++ % hosts.length;
    const [host, port] = [hosts[turn] ?? "localhost", ports[turn] ?? 5432];
    // Where the driver looks for the name that a certificate must have.
    return Object.assign(socket, { host, port }).connect(port, host);
  };

  // The array types that the driver would ask for first are not needed here; and a connection that is cut
  // off while it waits for them is an unhandled rejection.
  const client = createClient({ ...options, openSocket, needsArrayTypes: false });
  return {
    client,
    async cutOff() {
      isCut = true;
      await client.end({ timeout: 0 });
      for (const socket of sockets) socket.destroy();
    },
  };
}
