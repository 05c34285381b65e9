/** A queue in which keys take turns, so that one with many entries does not hold up the others. */
export interface TurnQueue<T> {
  readonly size: number;
  /** False when there is no place, for this key or at all. */
  push(key: string, item: T): boolean;
  shift(): T | undefined;
}

export function createTurnQueue<T>(limits: {
  readonly itemsMax: number;
  readonly itemsPerKeyMax: number;
}): TurnQueue<T> {
  // A map keeps the order of insertion: the first key is the next in turn.
  const itemsByKey = new Map<string, T[]>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    push(key, item) {
      const items = itemsByKey.get(key) ?? [];
      if (size >= limits.itemsMax || items.length >= limits.itemsPerKeyMax) return false;
      itemsByKey.set(key, items);
      items.push(item);
      size++;
      return true;
    },
    shift() {
      const [next] = itemsByKey;
      if (next === undefined) return undefined;
      const [key, items] = next;
      const item = items.shift();
      itemsByKey.delete(key);
      if (items.length > 0) itemsByKey.set(key, items);
      size--;
      return item;
    },
  };
}
