import type { EventPublisher } from "@leftrail/event-broker";
import { requestIdOf, type ClientAddress } from "@leftrail/service";
import type { Store } from "@leftrail/store";
import type { MiddlewareHandler } from "hono";
import type { KeyServices } from "../api-keys/key-services.ts";
import type { AppEnv } from "../http/request-context.ts";

/** What a verb of `/v1/internal` works with. Who calls is a service that holds a token, not a person. */
export interface InternalContext {
  readonly store: Store;
  readonly keys: KeyServices;
  readonly events: EventPublisher;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly caller: ServiceCaller;
}

interface ServiceCaller {
  /** One for all tokens, so that a retry under a newer token is still a retry. */
  readonly id: "internal";
  readonly requestId: string;
  readonly ip: string | null;
}

/** Puts it on every request that `requireInternalToken` let through. */
export const internalContext =
  (
    deps: Pick<InternalContext, "store" | "keys" | "events"> & { readonly clientAddress: ClientAddress },
  ): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const { store, keys, events, clientAddress } = deps;
    const caller: ServiceCaller = { id: "internal", requestId: requestIdOf(c), ip: clientAddress(c) };
    c.set("internal", { store, keys, events, now: Date.now, caller });
    await next();
  };
