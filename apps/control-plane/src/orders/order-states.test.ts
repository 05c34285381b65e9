import { orderStatusSchema } from "@leftrail/contract";
import { describe, expect, test } from "vitest";
import { decidedStatus, orderTransitions, type OrderDecision } from "./order-states.ts";

const decisions: readonly OrderDecision[] = ["approve", "reject"];

describe("the life of an order", () => {
  test.each([
    ["requested", "approve", "fulfilled"],
    ["requested", "reject", "rejected"],
  ] as const)("%s, on %s, becomes %s", (status, decision, next) => {
    expect(decidedStatus(status, decision)).toBe(next);
  });

  test.each(
    (["fulfilled", "rejected"] as const).flatMap((status) =>
      decisions.map((decision) => [status, decision] as const),
    ),
  )("%s is final: %s is a conflict that says so", (status, decision) => {
    expect(() => decidedStatus(status, decision)).toThrow(
      expect.objectContaining({ code: "conflict", message: `The order is ${status}, not open.` }),
    );
  });

  test("every status has its row, and a decision never leads back to open", () => {
    expect(Object.keys(orderTransitions).toSorted()).toEqual(orderStatusSchema.options.toSorted());
    const reached = Object.values(orderTransitions).flatMap((row) => Object.values(row));
    expect(reached).not.toContain("requested");
  });
});
