import { createAlarm, type StartTimer } from "./alarm.ts";
import type { PublishedEvent, StreamGap } from "./events.ts";
import { followPage } from "./follow-page.ts";
import { leaderAnswerMs, leaderSilentMs } from "./limits.ts";
import { isFinal, type Receiver, type StreamSink } from "./receiver.ts";
import type { StreamState } from "./stream-options.ts";

export interface ShareOptions {
  /** Of the lock and the channel: what is shared by whom. */
  readonly name: Promise<string>;
  readonly receiver: Receiver;
  /** Follows the stream, with all its types. */
  readonly follow: (sink: StreamSink) => { close(): void };
  readonly startTimer: StartTimer;
}

/** What the tab with the connection tells the others, and what one asks that has just come. */
type TabMessage =
  | { readonly kind: "hello" }
  /** `after`: the id before it, by which a tab notices that it missed something. */
  | { readonly kind: "event"; readonly after: string | undefined; readonly event: PublishedEvent }
  | { readonly kind: "gap"; readonly gap: StreamGap }
  | { readonly kind: "state"; readonly state: StreamState; readonly position: string | undefined };

/** Of `LockOptions`, one. */
type LockWish = { readonly ifAvailable: true } | { readonly steal: true } | { readonly signal: AbortSignal };

/** Whether tabs can share here: not in insecure contexts, for example. */
export const canShare = (): boolean =>
  typeof BroadcastChannel === "function" &&
  typeof navigator === "object" &&
  "locks" in navigator &&
  typeof crypto === "object" &&
  "subtle" in crypto;

/**
 * One connection for all tabs of one name. Who holds the lock has it, and tells the others over the channel; when
 * that tab goes, or does not answer, another one has the lock, and goes on after the last id that it has seen itself.
 */
export function shareStream(options: ShareOptions): { close(): void } {
  const { receiver } = options;
  const closing = new AbortController();
  let membership = joinTabs(options, { ifAvailable: true });

  followPage(closing.signal, {
    putAway() {
      membership.leave();
      receiver.state("connecting");
    },
    // What it has missed only the server can tell it.
    shown: () => void (membership = joinTabs(options, { steal: true })),
  });

  return {
    close() {
      closing.abort();
      membership.leave();
    },
  };
}

/** Takes part until it leaves, or the stream is over for all. */
function joinTabs(
  { name, receiver, follow, startTimer }: ShareOptions,
  atFirst: LockWish,
): { leave(): void } {
  const leaving = new AbortController();
  const silence = createAlarm(startTimer);
  /** Goes by what another tab tells; one that leads, or is about to by force, goes by its own connection. */
  let isFollowing = !("steal" in atFirst);
  let impatience = new AbortController();
  let tell = (_message: TabMessage): void => {};

  async function start(): Promise<void> {
    try {
      await takePart(await name);
    } catch (error) {
      if (leaving.signal.aborted) return;
      // Without a lock this tab has a connection of its own.
      receiver.failed(error);
      await lead(receiver, leaving.signal);
    } finally {
      silence.stop();
    }
  }

  async function takePart(channelName: string): Promise<void> {
    if (leaving.signal.aborted || isFinal(receiver.currentState)) return;
    const channel = new BroadcastChannel(channelName);
    try {
      tell = (message) => {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none, unlike a window
        if (!leaving.signal.aborted) channel.postMessage(message);
      };
      channel.addEventListener("message", ({ data }) => hear(messageOf(data)));
      tell({ kind: "hello" });
      await leadWithLock(channelName, atFirst);
      while (!leaving.signal.aborted) {
        receiver.begin();
        await waitForLock(channelName);
      }
    } finally {
      channel.close();
    }
  }

  /** In its turn; at once where the tab that has it can't act, as behind a dialog or put to sleep by its browser. */
  async function waitForLock(channelName: string): Promise<void> {
    isFollowing = true;
    impatience = new AbortController();
    watchLeader();
    const signal = AbortSignal.any([leaving.signal, impatience.signal]);
    const hasLed = await leadWithLock(channelName, { signal });
    if (!hasLed && !leaving.signal.aborted) await leadWithLock(channelName, { steal: true });
  }

  function watchLeader(): void {
    silence.set(leaderSilentMs, () => {
      tell({ kind: "hello" });
      silence.set(leaderAnswerMs, () => impatience.abort());
    });
  }

  /** Leads as long as it has the lock; false where it never had it. */
  async function leadWithLock(channelName: string, options: LockWish): Promise<boolean> {
    const losing = new AbortController();
    let hasLed = false;
    try {
      await navigator.locks.request(channelName, options, async (lock) => {
        if (lock === null) return;
        hasLed = true;
        await leadOthers(AbortSignal.any([leaving.signal, losing.signal]));
      });
    } catch (error) {
      // It no longer waits, or the lock was taken from it.
      if (!isAbort(error)) throw error;
    } finally {
      losing.abort();
    }
    return hasLed;
  }

  async function leadOthers(until: AbortSignal): Promise<void> {
    if (until.aborted) return;
    isFollowing = false;
    silence.stop();
    // The connection of the tab before is gone.
    others.state("connecting");
    await lead(others, until);
  }

  /** Has the connection. */
  async function lead(sink: StreamSink, until: AbortSignal): Promise<void> {
    if (until.aborted) return;
    const ended = new Promise<void>((resolve) => {
      until.addEventListener("abort", () => resolve());
    });
    const following = follow(sink);
    await ended;
    following.close();
  }

  const tellState = (): void =>
    tell({ kind: "state", state: receiver.currentState, position: receiver.position() });

  /** The others hear of it first: a slow handler here does not delay them. */
  const others: StreamSink = {
    ...receiver,
    event(event) {
      if (receiver.hasPassed(event.id)) return;
      tell({ kind: "event", after: receiver.position(), event });
      receiver.event(event);
    },
    gap(gap) {
      tell({ kind: "gap", gap });
      receiver.gap(gap);
    },
    state(state) {
      tell({ kind: "state", state, position: receiver.position() });
      enter(state);
    },
  };

  function hear(message: TabMessage): void {
    if (message.kind !== "hello" && isFollowing) watchLeader();
    switch (message.kind) {
      case "hello":
        if (!isFollowing) tellState();
        return;
      case "event":
        hearEvent(message.event, message.after);
        return;
      case "gap":
        if (isFollowing) receiver.gap(message.gap);
        return;
      case "state":
        // The tab before may have lost its access, and given the lock away before its last word was heard.
        if (!isFollowing && !isFinal(message.state)) return;
        if (receiver.position() === undefined && message.position !== undefined) {
          receiver.skipTo(message.position);
        }
        enter(message.state);
        return;
      default: {
        const unhandled: never = message;
        return unhandled;
      }
    }
  }

  /** Also while leading: the last words of the tab before may arrive late. What they skip the connection brings. */
  function hearEvent(event: PublishedEvent, after: string | undefined): void {
    if (receiver.hasPassed(event.id)) return;
    const requested = receiver.position();
    const isNext = after !== undefined && (after === requested || receiver.hasPassed(after));
    if (!isNext && !isFollowing) return;
    if (!isNext && requested !== undefined && after !== undefined) {
      receiver.gap({ reason: "unknown", requested, resumedFrom: after });
    }
    receiver.event(event);
  }

  function enter(state: StreamState): void {
    receiver.state(state);
    if (isFinal(state)) leaving.abort();
  }

  void start();
  return { leave: () => leaving.abort() };
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/** The same for all tabs of one user, organization and server, and tells none of them. */
export async function shareName(...parts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  // The number is that of the messages' form: tabs of another one do not understand each other.
  return `leftrail-stream-1-${hex}`;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `tell` posts to a channel of this name
const messageOf = (data: unknown): TabMessage => data as TabMessage;
