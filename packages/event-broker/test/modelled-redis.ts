import { idOf, type Point } from "../src/event-id.ts";
import type { HistoryReading } from "../src/redis/history-reader.ts";
import type { LoggedEvent } from "../src/redis/logged-event.ts";
import type { Published } from "./check-story.ts";
import { anOrganization, occurredAt } from "./sample-events.ts";

interface Data {
  readonly head:
    | { readonly point: Point; readonly before: string | undefined; readonly run: number }
    | undefined;
  readonly log: readonly LoggedEvent[];
}

/** What the scripts do in Redis, for one organization, without Redis: whatever it loses is lost on command. */
export function createModelledRedis() {
  const organization = anOrganization();
  const published: Published[] = [];
  let data: Data = { head: undefined, log: [] };
  let run = 1;
  let greatestEpoch = 0;

  function headFor(point: Point | undefined): NonNullable<Data["head"]> {
    const { head } = data;
    const isBehind =
      head !== undefined &&
      point !== undefined &&
      (head.point.epoch < point.epoch || (head.point.epoch === point.epoch && head.point.seq < point.seq));
    if (head !== undefined && head.run === run && !isBehind) return head;
    const before = head === undefined ? data.log.at(-1)?.id : idOf(head.point);
    return { point: { epoch: ++greatestEpoch, seq: 0 }, before, run };
  }

  return {
    published,
    snapshot: () => data,
    /** An event and the message that tells of it. */
    publish(): LoggedEvent {
      const { point: last, before } = headFor(undefined);
      const point = { epoch: last.epoch, seq: last.seq + 1 };
      const prev = last.seq === 0 && before !== undefined ? before : idOf(last);
      const body = `"type":"t","orgId":"${organization}","occurredAt":"${occurredAt}","data":${published.length}}`;
      const logged = { id: idOf(point), point, prev, atMs: 0, type: "t", body };
      data = { head: { point, before: undefined, run }, log: [...data.log, logged] };
      published.push({ id: logged.id, json: `{"id":"${logged.id}",${body}`, isLost: false });
      return logged;
    },
    read(after: Point | undefined): HistoryReading {
      const head = headFor(after);
      data = { ...data, head };
      const isAfter = ({ point }: LoggedEvent) =>
        after === undefined ||
        point.epoch > after.epoch ||
        (point.epoch === after.epoch && point.seq > after.seq);
      const entries = data.log.filter(isAfter);
      return { head: head.point, before: head.point.seq === 0 ? head.before : undefined, nowMs: 0, entries };
    },
    get headId() {
      return data.head && idOf(data.head.point);
    },
    trim: (held: number) => void (data = { ...data, log: held === 0 ? [] : data.log.slice(-held) }),
    /** It starts anew with the data of an earlier moment, or none. */
    restart(from: Data) {
      data = from;
      run++;
      const kept = new Set(from.log.map(({ id }) => id));
      const last = from.log.at(-1)?.id;
      for (const [at, event] of published.entries()) {
        const isNewer = last === undefined || published.findIndex(({ id }) => id === last) < at;
        if (isNewer && !kept.has(event.id)) published[at] = { ...event, isLost: true };
      }
    },
  };
}
