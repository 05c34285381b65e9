/** A place in an organization's sequence: after the event of that number; 0 is before an epoch's first. */
export interface Point {
  readonly epoch: number;
  readonly seq: number;
}

/** The point that an id names; undefined when it is no id as this broker writes them. */
export function parsePoint(id: string): Point | undefined {
  const [, epoch, seq] = idShape.exec(id) ?? [];
  if (epoch === undefined || seq === undefined) return undefined;
  const point = { epoch: Number(epoch), seq: Number(seq) };
  return Number.isSafeInteger(point.epoch) && Number.isSafeInteger(point.seq) ? point : undefined;
}

const idShape = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/;

export const idOf = ({ epoch, seq }: Point): string => `${epoch}-${seq}`;

export const pointBefore = ({ epoch, seq }: Point): Point => ({ epoch, seq: seq - 1 });

/** Below 0: the first is earlier. */
export const comparePoints = (a: Point, b: Point): number => a.epoch - b.epoch || a.seq - b.seq;

/** Whether nothing can lie between a position and an event. Across epochs nobody knows. */
export const isNext = (event: Point, position: Point): boolean =>
  comparePoints(pointBefore(event), position) === 0;
