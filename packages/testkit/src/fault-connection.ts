import type { Socket } from "node:net";
import { openFaultLane, type FaultLane, type Passage } from "./fault-lane.ts";

/** What passes in each direction. */
export interface Passages {
  readonly toServer: Passage;
  readonly toClient: Passage;
}

/** A client's connection through a proxy, and the one to the server that belongs to it. */
export interface FaultConnection {
  /** False once the client's side is gone. */
  isOpen(): boolean;
  set(passages: Passages): void;
  /** Resets both sides; what was under way is lost. */
  cut(): void;
}

/** Takes over a client's socket. The server is connected to as soon as anything passes, as through a real network. */
export function openFaultConnection(
  client: Socket,
  connectToServer: () => Socket,
  onGone: () => void,
): FaultConnection {
  let server: { readonly socket: Socket; readonly lanes: { [Way in keyof Passages]: FaultLane } } | undefined;

  const openServer = () => {
    const socket = connectToServer();
    socket.on("error", ignore).once("close", forget);
    return {
      socket,
      lanes: { toServer: openFaultLane(client, socket), toClient: openFaultLane(socket, client) },
    };
  };
  const forget = (): void => {
    if (client.destroyed && (server?.socket.destroyed ?? true)) onGone();
  };
  client.on("error", ignore).once("close", forget);

  return {
    isOpen: () => !client.destroyed,
    set({ toServer, toClient }) {
      if (server === undefined) {
        if (client.destroyed || (toServer === "held" && toClient === "held")) return;
        server = openServer();
      }
      server.lanes.toServer.set(toServer);
      server.lanes.toClient.set(toClient);
    },
    cut() {
      server?.lanes.toServer[Symbol.dispose]();
      server?.lanes.toClient[Symbol.dispose]();
      client.resetAndDestroy();
      // One that is still connecting would wait for the connection before it resets it.
      if (server?.socket.connecting === true) server.socket.destroy();
      else server?.socket.resetAndDestroy();
    },
  };
}

const ignore = (): void => undefined;
