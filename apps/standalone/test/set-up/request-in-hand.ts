import { once } from "node:events";
import { request, type ClientRequest, type IncomingMessage } from "node:http";

/** A POST whose headers the server has read, and whose body it still waits for. */
export interface RequestInHand extends Disposable {
  /** Sends the body and answers the status. */
  finish(body: unknown): Promise<number>;
}

export async function holdRequest(url: string, token: string): Promise<RequestInHand> {
  const held: ClientRequest = request(url, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      // Its answer is what tells that the server has the request.
      Expect: "100-continue",
    },
  });
  held.flushHeaders();
  await once(held, "continue");
  held.on("error", () => undefined);
  return {
    async finish(body) {
      held.end(JSON.stringify(body));
      const [response]: IncomingMessage[] = await once(held, "response");
      response?.resume();
      return response?.statusCode ?? 0;
    },
    [Symbol.dispose]: () => void held.destroy(),
  };
}
