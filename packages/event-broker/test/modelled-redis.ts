import { idOf, type Point } from "../src/event-id.ts";
import type { HistoryReading } from "../src/redis/history-reader.ts";
import type { LoggedEvent } from "../src/redis/logged-event.ts";
import type { Published } from "./check-story.ts";
import { anOrganization, occurredAt } from "./sample-events.ts";

interface Data {
  readonly head: { readonly point: Point; readonly run: number } | undefined;
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
    return { point: { epoch: ++greatestEpoch, seq: 0 }, run };
  }

  return {
    published,
    snapshot: () => data,
    /** An event and the message that tells of it. */
    publish(): LoggedEvent {
      const { point: last } = headFor(undefined);
      const point = { epoch: last.epoch, seq: last.seq + 1 };
      const body = `"type":"t","orgId":"${organization}","occurredAt":"${occurredAt}","data":${published.length}}`;
      const logged = { id: idOf(point), point, atMs: 0, type: "t", body };
      data = { head: { point, run }, log: [...data.log, logged] };
      published.push({ id: logged.id, json: `{"id":"${logged.id}",${body}` });
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
      return { head: head.point, nowMs: 0, entries };
    },
    /** Undefined where it is of another run. */
    get headId() {
      return data.head?.run === run ? idOf(data.head.point) : undefined;
    },
    trim: (held: number) => void (data = { ...data, log: held === 0 ? [] : data.log.slice(-held) }),
    /** It starts anew with the data of an earlier moment, or none. */
    restart(from: Data) {
      data = from;
      run++;
    },
  };
}
