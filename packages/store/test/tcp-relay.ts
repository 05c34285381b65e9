import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface TcpRelay extends AsyncDisposable {
  /** The target's URL with the relay's port. */
  readonly url: string;
  /** From now on nothing gets through, of living connections and new ones; all stay open. */
  swallow(): void;
  /** New connections get through again; those that were swallowed never do, as behind a firewall that forgot them. */
  forward(): void;
  /** How many swallowed connections the client still has open. */
  openSwallowed(): number;
}

/** Stands before a server and can lead nowhere. */
export async function startTcpRelay(targetUrl: string): Promise<TcpRelay> {
  const target = new URL(targetUrl);
  const living = new Set<Socket>();
  const swallowed = new Set<Socket>();
  let isSwallowing = false;

  const swallow = (client: Socket): void => {
    living.delete(client);
    swallowed.add(client);
    client.once("close", () => swallowed.delete(client));
  };
  // Half-open, so that a goodbye alone closes nothing here: it would not arrive either.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => undefined);
    client.on("data", (chunk) => {
      if (living.has(client)) upstream.write(chunk);
    });
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    upstream.on("error", () => undefined);
    upstream.on("data", (chunk) => {
      if (living.has(client)) client.write(chunk);
    });
    client.once("end", () => {
      if (living.has(client)) upstream.end();
    });
    upstream.once("close", () => {
      if (living.has(client)) client.destroy();
    });
    client.once("close", () => {
      living.delete(client);
      upstream.destroy();
    });
    if (isSwallowing) swallow(client);
    else living.add(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const url = new URL(targetUrl);
  url.hostname = "127.0.0.1";
  url.port = String(addressOf(server.address()).port);
  return {
    url: url.href,
    swallow() {
      isSwallowing = true;
      for (const client of living) swallow(client);
    },
    forward() {
      isSwallowing = false;
    },
    openSwallowed() {
      // A socket that is closed answers with a reset, which closes this end; one that is open takes it for a notice.
      for (const client of swallowed) client.write(emptyNotice);
      return swallowed.size;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const client of [...living, ...swallowed]) client.destroy();
      await once(server, "close");
    },
  };
}

/** NoticeResponse: its letter, its length, the end of its fields. */
const emptyNotice = Buffer.from([0x4e, 0, 0, 0, 5, 0]);

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return address;
}
