import { createClient, type Client, type EventStream } from "@leftrail/client";
import { watchEventSource, watchStream, type Tell, type Told } from "./watch.ts";

/** What the test lets the page call. */
declare global {
  var tellTest: Tell;
  var tokenFromTest: (refused: string | undefined) => Promise<string>;
  var dashboard: typeof actions;
}

export interface ClientInput {
  readonly baseUrl: string;
  readonly shareKey?: string;
  /** How many times faster than they should the client's waits end. */
  readonly hurry?: number;
}

let client: Client | undefined;
let stream: EventStream | undefined;
/** All that was told, also what the test could not hear, since the page was being left. */
const told: Told[] = [];

const tell: Tell = (each) => {
  told.push(each);
  tellTest(each);
};

/** What a page does with the client, and without it. */
const actions = {
  told,
  createClient({ baseUrl, shareKey, hurry = 1 }: ClientInput): void {
    client = createClient({
      baseUrl,
      token: ({ refused }) => tokenFromTest(refused),
      startTimer(callback, delayMs) {
        const timer = setTimeout(callback, delayMs / hurry);
        return () => clearTimeout(timer);
      },
      ...(shareKey === undefined ? {} : { shareKey }),
    });
  },
  openStream(organizationId: string): void {
    stream = watchStream(created(), { organizationId }, tell);
  },
  closeStream: (): void => stream?.close(),
  /** Everything twice, and whether the second answer is the very object of the first. */
  async readTwice(organizationId: string) {
    const readAll = () =>
      Promise.all([
        created().organizations(),
        created().features(organizationId),
        created().products(organizationId),
      ]);
    const first = await readAll();
    const second = await readAll();
    return { bodies: first, areSame: second.map((body, index) => body === first[index]) };
  },
  features: (organizationId: string) => created().features(organizationId),
  openEventSource({ url, types }: { readonly url: string; readonly types: readonly string[] }): void {
    watchEventSource(new EventSource(url), types, tell);
  },
  /** The status and body of an answer, or the error's name when the page may not read it. */
  async fetch(url: string, token: string): Promise<string> {
    try {
      const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
      return `${response.status} ${await response.text()}`;
    } catch (error) {
      return error instanceof Error ? error.name : String(error);
    }
  },
};

function created(): Client {
  if (client === undefined) throw new Error("createClient was not called");
  return client;
}

globalThis.dashboard = actions;
