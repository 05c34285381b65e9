import { ProblemError } from "@leftrail/contract";
import type { Actor } from "../../src/actor.ts";
import type { AuditFilters, ReportedAuditEntry } from "../../src/port/audit.ts";
import type { AuditEntry, NewestPosition, Page, Viewer } from "../../src/records.ts";
import type { FeatureSources } from "../../src/sidebar.ts";
import type { Change } from "../../src/store.ts";
import { at, entryOf, isEnginesOwn, testActor, type StoreHarness } from "../../src/testing/index.ts";
import {
  apiKeyIds,
  orderIds,
  overrideIds,
  prefixes,
  tenantIds,
  type Command,
  type Write,
} from "./commands.ts";

/** What a command came to, without the moments that each engine chooses itself. */
export async function runCommand({ store }: StoreHarness, command: Command): Promise<unknown> {
  switch (command.do) {
    case "change":
      return outcomeOf(() =>
        store.change(testActor, async (tx) => {
          const results = [];
          for (const write of command.writes) results.push(await runWrite(tx, write));
          if (command.auditOf !== null) await tx.audit(entryOf(command.auditOf));
          if (command.fails) throw new Error("fails on purpose");
          return results;
        }),
      );
    case "report":
      return outcomeOf(async () =>
        shownOf(await store.change(reporterOf(command), (tx) => tx.report(reportOf(command)))),
      );
    case "readEverything":
      return outcomeOf(() => readEverything(store, command));
    default:
      return unhandled(command);
  }
}

type Report = Extract<Command, { do: "report" }>;

const reporterOf = ({ actorId }: Report): Actor => ({
  type: "reported",
  actorType: "service",
  actorId,
  requestId: "r-1",
  ip: null,
});

const reportOf = ({ tenantId }: Report): ReportedAuditEntry => ({
  ...entryOf(tenantId),
  product: "ai-chat",
  action: "note.added",
  metadata: { b: 1e21, a: ["é"] },
  occurredAt: at("2020-01-01T00:00:00"),
});

// Ids and hashes are each engine's own.
const shownOf = ({ id: _id, hash: _hash, keyId: _keyId, ...shown }: AuditEntry) => shown;

async function runWrite({ write }: Change, step: Write): Promise<unknown> {
  switch (step.do) {
    case "insertTenant":
      return write.tenants.insert(step.tenant);
    case "setStatus":
      return write.tenants.setStatus(step.tenantId, step.status);
    case "putMember":
      return write.memberships.put(step);
    case "removeMember":
      return write.memberships.remove(step.tenantId, step.userId);
    case "insertOrder":
      return write.orders.insert(step.order);
    case "insertEntitlement":
      return write.entitlements.insert(step.entitlement);
    case "putOverride":
      return write.overrides.put(step.override);
    case "removeOverride":
      return write.overrides.remove(step.tenantId, step.overrideId);
    case "updateTenant":
      return write.tenants.update(step.tenantId, step.change);
    case "removeTenant":
      return write.tenants.remove(step.tenantId);
    case "decideOrder":
      return write.orders.decide(step.orderId, step.status);
    case "endEntitlement":
      return write.entitlements.end(step.entitlementId);
    case "insertApiKey":
      return write.apiKeys.insert(step.apiKey);
    case "revokeApiKey":
      return write.apiKeys.revoke(step.apiKeyId);
    case "expireApiKey":
      return write.apiKeys.expireAfter(step.apiKeyId, step.seconds);
    default:
      return unhandled(step);
  }
}

async function readEverything(store: StoreHarness["store"], viewer: Viewer): Promise<unknown> {
  const { read } = store;
  const { userId } = viewer;
  const perTenant = [];
  for (const id of tenantIds) {
    const explainable = await read.sidebar.explainableSources(id, viewer);
    perTenant.push({
      view: await read.tenants.find({ id }, viewer),
      products: await read.sidebar.products(id, userId),
      entitlements: await allPages((after) => read.entitlements.list(id, { limit: 1, after })),
      catalog: await read.catalog.listForTenant(id, { limit: 50, after: null }),
      hasChildren: await read.tenants.hasChildren(id),
      isBelowFirst: await read.tenants.isWithin(id, tenantIds[0] ?? ""),
      members: await read.memberships.list(id, { limit: 50, after: null }),
      member: await read.memberships.find(id, userId),
      owners: await read.memberships.countOwners(id),
      orders: await allPages((after) =>
        read.orders.list({ tenantId: id, status: null }, { limit: 2, after }),
      ),
      overrides: await allPages((after) => read.overrides.list(id, { limit: 2, after })),
      chatOverride: await read.overrides.findByTarget({
        tenantId: id,
        targetType: "feature",
        target: "chat",
      }),
      apiKeys: await allPages((after) => read.apiKeys.list(id, { limit: 2, after })),
      inForce: await read.entitlements.findInForce(id, "ai-chat"),
      trail: (await read.auditLog.chain(id, 0, 1000)).map(shownOf),
      trailState: (({ lastSeq, isTenantLiving }) => ({ lastSeq, isTenantLiving }))(
        await read.auditLog.state(id),
      ),
      reports: (
        await allPages((after) =>
          read.auditLog.list({ ...everyEntry, tenantRef: id, product: "ai-chat" }, { limit: 2, after }),
        )
      ).map(shownOf),
      verified: (await store.verifyTrail(id)).ok,
      sources: sortedSources(await read.sidebar.featureSources(id, userId)),
      explainable: explainable && { ...explainable, sources: sortedSources(explainable.sources) },
    });
  }
  return {
    perTenant,
    order: await read.orders.find(orderIds[0] ?? "", viewer),
    override: await read.overrides.find(overrideIds[0] ?? "", viewer),
    apiKey: await read.apiKeys.find(apiKeyIds[0] ?? "", viewer),
    keyForVerification: await read.apiKeys.findForVerification(prefixes[0] ?? ""),
    actedOn: (
      await allPages((after) => read.auditLog.list({ ...everyEntry, actorId: userId }, { limit: 3, after }))
    ).map(shownOf),
    created: (
      await allPages((after) =>
        read.auditLog.list({ ...everyEntry, action: "tenant.created" }, { limit: 5, after }),
      )
    ).map(shownOf),
    organizations: await read.sidebar.organizations(userId),
    tenants: await allPages((after) => read.tenants.list({ viewer, status: null }, { limit: 2, after })),
    cancelled: await allPages((after) =>
      read.tenants.list({ viewer, status: "cancelled" }, { limit: 2, after }),
    ),
  };
}

// The order in which sources come says nothing.
const sortedSources = (sources: FeatureSources | undefined) =>
  sources && {
    ...sources,
    overrides: sources.overrides.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    entitlements: sources.entitlements.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };

const everyEntry: AuditFilters = {
  tenantRef: null,
  product: null,
  actorId: null,
  action: null,
  since: null,
  until: null,
};

async function allPages<T>(
  page: (after: NewestPosition | null) => Promise<Page<T, NewestPosition>>,
): Promise<readonly T[]> {
  const items: T[] = [];
  let after: NewestPosition | null = null;
  do {
    const next: Page<T, NewestPosition> = await page(after);
    items.push(...next.items);
    after = next.next;
  } while (after !== null);
  return items;
}

async function outcomeOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { answer: withoutMoments(await run()) };
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error.code, detail: error.message };
    if (error instanceof Error) return { error: error.message };
    throw error;
  }
}

// A moment that a test did not choose is each engine's own; what matters is whether there is one.
const withoutMoments = (answer: unknown): unknown =>
  answer === undefined
    ? null
    : JSON.parse(JSON.stringify(answer), (key, value: unknown) => {
        if (key === "endsInMs" && typeof value === "number") return momentIn(value);
        return typeof value === "string" && /\.\d{6}Z$/.test(value) && isEnginesOwn(value)
          ? "a moment"
          : value;
      });

const [hourMs, dayMs] = [3_600_000, 86_400_000];

/** The moment that the test chose, all of them being full hours, or how many days an engine added to its own. */
function momentIn(ms: number): string {
  const moment = new Date(Math.round((Date.now() + ms) / hourMs) * hourMs).toISOString();
  return isEnginesOwn(moment) ? `in ${Math.round(ms / dayMs)} days` : moment;
}

function unhandled(value: never): never {
  throw new TypeError(`unhandled ${JSON.stringify(value)}`);
}
