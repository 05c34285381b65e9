import { ProblemError, type OrderStatus } from "@leftrail/contract";

/** What a platform admin may make of an order. */
export type OrderDecision = "approve" | "reject";

type DecidedStatus = Exclude<OrderStatus, "requested">;

/** An order's whole life; a decision that is not in a row is impossible there. */
export const orderTransitions: Readonly<
  Record<OrderStatus, Readonly<Partial<Record<OrderDecision, DecidedStatus>>>>
> = {
  requested: { approve: "fulfilled", reject: "rejected" },
  fulfilled: {},
  rejected: {},
};

/** The status after a decision; throws conflict where the order is not open. */
export function decidedStatus(status: OrderStatus, decision: OrderDecision): DecidedStatus {
  const next = orderTransitions[status][decision];
  if (next === undefined) throw new ProblemError("conflict", `The order is ${status}, not open.`);
  return next;
}
