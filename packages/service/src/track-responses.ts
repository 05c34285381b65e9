import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The responses that a server still owes, by connection: several where requests are pipelined. */
export interface OwedResponses {
  readonly count: () => number;
  /** True once part of an answer is on its way, so that nothing else may be written there. */
  readonly isAnswering: (socket: Socket) => boolean;
  /** After `server.close()`: no connection outlives its last response. */
  readonly closeWhenPaid: () => void;
}

/** One listener for all: a connection may be an open stream, of which there are many thousands. */
export function trackResponses(server: Server): OwedResponses {
  const owed = new Map<Socket, ServerResponse[]>();
  let isClosing = false;

  function forget(this: Socket): void {
    owed.delete(this);
  }

  function settle(this: ServerResponse): void {
    const { socket } = this.req;
    const responses = owed.get(socket) ?? [];
    const at = responses.indexOf(this);
    if (at !== -1) responses.splice(at, 1);
    if (isClosing && responses.length === 0) socket.end();
  }

  server.on("connection", (socket: Socket) => {
    owed.set(socket, []);
    socket.on("close", forget);
  });
  // Before whoever answers, which may be at once.
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    owed.get(socket)?.push(response);
    if (isClosing) response.setHeader("Connection", "close");
    response.on("close", settle);
  });

  const all = () => [...owed.values()].flat();
  return {
    count: () => all().length,
    isAnswering: (socket) => (owed.get(socket) ?? []).some((response) => response.headersSent),
    closeWhenPaid: () => {
      isClosing = true;
      // "Connection: close" makes Node drop what is pipelined behind it, so only the last one says it.
      for (const responses of owed.values()) {
        const last = responses.at(-1);
        if (last !== undefined && !last.headersSent) last.setHeader("Connection", "close");
      }
    },
  };
}
