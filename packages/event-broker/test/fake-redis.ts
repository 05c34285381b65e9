import { EventEmitter } from "node:events";
import type { Redis } from "ioredis";

/** Who a fake is, until the test says another. */
export const fakeIncarnation = "a-run:a-replication";

/** A client of which the test says what it answers; no connection, no server. */
export class FakeRedis extends EventEmitter {
  status = "ready";
  readonly options: { autoResubscribe?: boolean } = {};
  readonly pings: PromiseWithResolvers<string>[] = [];
  readonly subscribed: (readonly string[])[] = [];
  cuts = 0;
  incarnation = fakeIncarnation;
  /** What scripts answer. */
  answer: () => Promise<unknown> = () => Promise.reject(new Error("no answer"));
  /** The keys and arguments of each script that was run. */
  readonly scripts: (readonly (string | number)[])[] = [];
  /** Resolves when subscriptions are in force. */
  subscribing: Promise<unknown> = Promise.resolve();

  /** What was ever in a pipeline: the command and its arguments. */
  readonly pipelined: (readonly string[])[] = [];
  /** What a pipeline answers. */
  execute: (
    commands: readonly (readonly string[])[],
  ) => Promise<readonly (readonly [Error | null, unknown])[]> = async () => {
    throw new Error("no answer");
  };

  pipeline(): unknown {
    const commands: string[][] = [];
    return {
      hmget: (...args: string[]) => commands.push(["hmget", ...args]),
      pexpire: (...args: string[]) => commands.push(["pexpire", ...args]),
      exec: () => {
        this.pipelined.push(...commands);
        return this.execute(commands);
      },
    };
  }

  ping(): Promise<string> {
    const pong = Promise.withResolvers<string>();
    this.pings.push(pong);
    return pong.promise;
  }

  disconnect(): void {
    this.cuts++;
  }

  async subscribe(...channels: readonly string[]): Promise<number> {
    this.subscribed.push(channels);
    await this.subscribing;
    return channels.length;
  }

  async unsubscribe(): Promise<number> {
    return 0;
  }

  evalsha(_digest: string, keys: number, ...args: readonly (string | number)[]): Promise<unknown> {
    // The one script without keys asks who the server is.
    if (keys === 0) return Promise.resolve(this.incarnation);
    this.scripts.push(args);
    return this.answer();
  }

  /** What it has is all that the broker uses of a client. */
  asRedis(): Redis {
    return this as unknown as Redis;
  }
}
