import type { Role } from "@leftrail/contract";
import { v7 as uuidv7 } from "uuid";
import type { Actor } from "../actor.ts";
import type { NewAuditEntry } from "../port/audit.ts";
import type { Change, Store } from "../store.ts";

/** The people of the demo data; their ids never change, so that a token outlives a restart. */
export const demoUsers = {
  alice: { userId: "0192f3a4-0000-7000-8000-00000000a11c", email: "alice@acme.example", roles: [] },
  bob: { userId: "0192f3a4-0000-7000-8000-000000000b0b", email: "bob@acme.example", roles: [] },
  carol: { userId: "0192f3a4-0000-7000-8000-0000000ca401", email: "carol@umbrella.example", roles: [] },
  ops: {
    userId: "0192f3a4-0000-7000-8000-000000000095",
    email: "ops@leftrail.dev",
    roles: ["platform-admin"],
  },
} as const;

const seeder: Actor = { type: "system", name: "demo-data" };
const anyone = { userId: demoUsers.ops.userId, isPlatformAdmin: true };

/**
 * `umbrella` with its admin carol, and its child `acme` with owner alice, member
 * bob and an entitlement to ai-chat. What is there already is left alone, so a
 * second run, or one after a run that was killed, adds only what is missing.
 */
export async function seedDemoData(store: Store): Promise<void> {
  const umbrella = await ensureActiveTenant(store, {
    slug: "umbrella",
    name: "Umbrella Group",
    parentTenantId: null,
  });
  await ensureMember(store, umbrella.id, demoUsers.carol.userId, "admin");
  const acme = await ensureActiveTenant(store, {
    slug: "acme",
    name: "Acme Inc.",
    parentTenantId: umbrella.id,
  });
  await ensureMember(store, acme.id, demoUsers.alice.userId, "owner");
  await ensureMember(store, acme.id, demoUsers.bob.userId, "member");
  await ensureEntitled(store, acme.id, "ai-chat");
}

async function ensureActiveTenant(
  store: Store,
  tenant: { slug: string; name: string; parentTenantId: string | null },
): Promise<{ id: string }> {
  const found = await store.read.tenants.find({ slug: tenant.slug }, anyone);
  const { id, status } = found?.tenant ?? (await createTenant(store, tenant));
  if (status === "pending") {
    await step(store, async (tx) => ({
      value: await tx.write.tenants.setStatus(id, "active"),
      entry: entryFor(id, "tenant.activated", "tenant", id),
    }));
  }
  return { id };
}

const createTenant = (store: Store, tenant: { slug: string; name: string; parentTenantId: string | null }) =>
  step(store, async (tx) => {
    const value = await tx.write.tenants.insert({ id: uuidv7(), ...tenant });
    return { value, entry: entryFor(value.id, "tenant.created", "tenant", value.id) };
  });

async function ensureMember(store: Store, tenantId: string, userId: string, role: Role): Promise<void> {
  const view = await store.read.tenants.find({ id: tenantId }, { userId, isPlatformAdmin: false });
  if (view !== undefined && view.role !== null) return;
  await step(store, async (tx) => ({
    value: await tx.write.memberships.put({ tenantId, userId, role }),
    entry: { ...entryFor(tenantId, "member.set", "user", userId), metadata: { role } },
  }));
}

async function ensureEntitled(store: Store, tenantId: string, product: string): Promise<void> {
  const { items } = await store.read.entitlements.list(tenantId, { limit: 1, after: null });
  if (items.length > 0) return;
  await step(store, async (tx) => {
    const order = await tx.write.orders.insert({
      id: uuidv7(),
      tenantId,
      product,
      kind: "purchase",
      status: "fulfilled",
      requestedBy: demoUsers.alice.userId,
      note: null,
    });
    const value = await tx.write.entitlements.insert({
      id: uuidv7(),
      tenantId,
      product,
      source: "purchase",
      startsAt: null,
      ends: null,
      orderId: order.id,
    });
    return { value, entry: { ...entryFor(tenantId, "order.approved", "order", order.id), product } };
  });
}

const step = <T>(
  store: Store,
  work: (tx: Change) => Promise<{ value: T; entry: NewAuditEntry }>,
): Promise<T> =>
  store.change(seeder, async (tx) => {
    const { value, entry } = await work(tx);
    await tx.audit(entry);
    return value;
  });

const entryFor = (
  tenantId: string,
  action: NewAuditEntry["action"],
  targetType: string,
  targetId: string,
): NewAuditEntry => ({ tenantId, action, targetType, targetId, product: null, metadata: {} });
