import type { FeaturesBody, OrganizationsBody, ProductsBody, PublishedEventType } from "@leftrail/contract";
import { startTimer, type StartTimer } from "./alarm.ts";
import { createReads, type Frozen } from "./conditional-reads.ts";
import { loadEventSource, type EventSourceConstructor } from "./load-event-source.ts";
import { openStream } from "./open-stream.ts";
import { createSend, type Fetch, type TokenSource } from "./requests.ts";
import type { EventStream, StreamOptions } from "./stream-options.ts";

export interface ClientOptions {
  /** Where `/v1` is; absolute. */
  readonly baseUrl: string;
  readonly token: TokenSource;
  /**
   * Who the tokens stand for, such as the user's id. With it the streams of all tabs with the same key,
   * server and organization share one connection; another user needs another client.
   */
  readonly shareKey?: string;
  readonly fetch?: Fetch;
  readonly EventSource?: EventSourceConstructor;
  readonly startTimer?: StartTimer;
  /** 0 ≤ x < 1; jitters the waits. */
  readonly random?: () => number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/** Rejects with a `LeftrailError` where the answer is none, else as `fetch` and the token source do. */
export interface Client {
  organizations(options?: ReadOptions): Promise<Frozen<OrganizationsBody>>;
  features(organizationId: string, options?: ReadOptions): Promise<Frozen<FeaturesBody>>;
  products(organizationId: string, options?: ReadOptions): Promise<Frozen<ProductsBody>>;
  /** Events from now on, until it is closed. Read what is shown once it is open, and after each gap. */
  openStream<T extends PublishedEventType = PublishedEventType>(options: StreamOptions<T>): EventStream;
}

export function createClient(options: ClientOptions): Client {
  const baseUrl = new URL(options.baseUrl).href.replace(/\/+$/, "");
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const send = createSend({ baseUrl, token: options.token, fetch });
  const read = createReads(send);
  const surroundings = {
    baseUrl,
    send,
    loadEventSource: () => loadEventSource({ given: options.EventSource, fetch: options.fetch }),
    shareKey: options.shareKey,
    startTimer: options.startTimer ?? startTimer,
    random: options.random ?? Math.random,
  };
  const ofOrganization = (id: string, what: string): string =>
    `/v1/organizations/${encodeURIComponent(id)}/${what}`;

  return {
    organizations: ({ signal } = {}) => read<OrganizationsBody>("/v1/organizations", signal),
    features: (id, { signal } = {}) => read<FeaturesBody>(ofOrganization(id, "features"), signal),
    products: (id, { signal } = {}) => read<ProductsBody>(ofOrganization(id, "products"), signal),
    openStream: (streamOptions) => openStream(surroundings, streamOptions),
  };
}
