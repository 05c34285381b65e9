import type { RawAnswer } from "./http-answer.ts";
import { openHttpConnection, type Address, type HttpConnection } from "./http-connection.ts";

/** Keep-alive connections to one server. */
export interface ConnectionPool extends Disposable {
  /** Over a free connection, else a new one, else the first that becomes free. */
  exchange(request: Buffer, isBodyKept: boolean): Promise<RawAnswer>;
}

export function openConnectionPool(address: Address, connectionsMax: number): ConnectionPool {
  const resources = new DisposableStack();
  const idle: HttpConnection[] = [];
  const waiting: (() => void)[] = [];
  let places = connectionsMax;

  const open = async (): Promise<HttpConnection> => {
    places -= 1;
    try {
      const connection = await openHttpConnection(address);
      if (resources.disposed) connection[Symbol.dispose]();
      else resources.use(connection);
      return connection;
    } catch (error) {
      places += 1;
      waiting.shift()?.();
      throw error;
    }
  };
  const acquire = async (): Promise<HttpConnection> => {
    for (;;) {
      if (resources.disposed) throw new Error("this client is closed");
      const connection = idle.pop();
      if (connection?.isAlive === true) return connection;
      if (connection !== undefined) places += 1;
      else if (places > 0) return open();
      else await new Promise<void>((resolve) => void waiting.push(resolve));
    }
  };
  const release = (connection: HttpConnection): void => {
    if (connection.isAlive) idle.push(connection);
    else places += 1;
    waiting.shift()?.();
  };
  return {
    async exchange(request, isBodyKept) {
      const connection = await acquire();
      return new Promise((resolve, reject) => {
        connection.exchange(request, isBodyKept, (answer) => {
          release(connection);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
      });
    },
    [Symbol.dispose]() {
      resources.dispose();
      for (const wake of waiting.splice(0)) wake();
    },
  };
}
