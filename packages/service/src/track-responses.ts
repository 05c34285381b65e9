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

export function trackResponses(server: Server): OwedResponses {
  const owed = new Map<Socket, Set<ServerResponse>>();
  let isClosing = false;

  server.on("connection", (socket: Socket) => {
    owed.set(socket, new Set());
    socket.once("close", () => owed.delete(socket));
  });
  // Before whoever answers, which may be at once.
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const responses = owed.get(socket);
    responses?.add(response);
    if (isClosing) response.setHeader("Connection", "close");
    response.once("close", () => {
      responses?.delete(response);
      if (isClosing && responses?.size === 0) socket.end();
    });
  });

  const all = () => [...owed.values()].flatMap((responses) => [...responses]);
  return {
    count: () => all().length,
    isAnswering: (socket) => [...(owed.get(socket) ?? [])].some((response) => response.headersSent),
    closeWhenPaid: () => {
      isClosing = true;
      // "Connection: close" makes Node drop what is pipelined behind it, so only the last one says it.
      for (const responses of owed.values()) {
        const last = [...responses].at(-1);
        if (last !== undefined && !last.headersSent) last.setHeader("Connection", "close");
      }
    },
  };
}
