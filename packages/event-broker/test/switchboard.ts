import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** One address in front of servers that take each other's place, as behind a failover. */
export interface Switchboard extends AsyncDisposable {
  readonly url: string;
  /** New connections lead there; the living ones are cut. */
  leadTo(url: string): void;
}

export async function openSwitchboard(firstUrl: string): Promise<Switchboard> {
  let target = new URL(firstUrl);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    return socket.once("close", () => sockets.delete(socket));
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = keep(connect({ host: target.hostname, port: Number(target.port), noDelay: true }));
    keep(client).pipe(upstream).pipe(client);
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${port}`,
    leadTo(url) {
      target = new URL(url);
      cut();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
  };
}
