import { isPublishedEventType, streamEvents } from "@leftrail/contract";

/** The types that a connection is sent; undefined: all. What the stream says of itself is always among them. */
export type EventsFilter = ReadonlySet<string> | undefined;

const ownTypes = Object.keys(streamEvents);

/** Parses `a,b`; false when one of them is no type of ours. The same filter is the same object, for there are many. */
export function createFilterParser(): (text: string) => EventsFilter | false {
  const filters = new Map<string, EventsFilter>();
  return (text) => {
    const types = [...new Set(text.split(","))];
    if (!types.every((type) => isPublishedEventType(type) || ownTypes.includes(type))) return false;
    const key = types.toSorted().join(",");
    const filter = filters.get(key) ?? new Set([...types, ...ownTypes]);
    filters.set(key, filter);
    return filter;
  };
}
