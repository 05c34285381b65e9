import type { OrderKind, OrderStatus } from "@leftrail/contract";
import type { NewestPosition, Order, Page, PageRequest, Seen, Viewer } from "../records.ts";

export interface OrderReads {
  /** Undefined when there is none or its tenant is none of the viewer's. */
  find(orderId: string, viewer: Viewer): Promise<Seen<Order> | undefined>;
  /** Of one tenant, newest first. */
  list(
    query: { tenantId: string; status: OrderStatus | null },
    page: PageRequest<NewestPosition>,
  ): Promise<Page<Order, NewestPosition>>;
}

export interface OrderWrites {
  insert(order: NewOrder): Promise<Order>;
  /** Closes an open order. Undefined: there is none that is open. */
  decide(orderId: string, status: "fulfilled" | "rejected"): Promise<Order | undefined>;
}

export interface NewOrder {
  readonly id: string;
  readonly tenantId: string;
  readonly product: string;
  readonly kind: OrderKind;
  /** `requested` leaves decided_at empty; the others stamp it. */
  readonly status: OrderStatus;
  readonly requestedBy: string;
  readonly note: string | null;
}
