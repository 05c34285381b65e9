import type { Order } from "@leftrail/store";
import type { Context } from "../access/context.ts";
import { decideOrder } from "./decide-order.ts";

/** Closes an order without giving anything; the tenant may ask again. */
export const rejectOrder = ({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<Order> =>
  decideOrder(ctx, input.id, {
    decision: "reject",
    action: "order.rejected",
    effect: async () => ({}),
  });
