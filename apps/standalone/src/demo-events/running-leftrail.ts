import { isUuid, organizationsBodySchema } from "@leftrail/contract";
import { StartError } from "@leftrail/service";
import { demoUsers } from "@leftrail/store";
import type { DemoEvent } from "./demo-run.ts";
import { createAsk, textOf, type Ask } from "./ask.ts";

/** The feature that the demo's override is for; nobody else's. */
const demoFeature = "live_demo";
/** Should nobody take it away. */
const overrideLifeMs = 10 * 60_000;

/** An organization of a running Leftrail, as the demo plays on it. */
export interface RunningLeftrail {
  readonly organization: { readonly id: string; readonly name: string };
  /** Whoever of the demo's people may see its stream; undefined: none of them. */
  readonly watcher: string | undefined;
  /** Answers the event's id. */
  publish(event: Pick<DemoEvent, "type" | "data">): Promise<string>;
  /** Grants a feature, as a platform admin does. */
  setOverride(): Promise<void>;
  /** Takes it back, if it was granted; also once the signal has fired. */
  removeOverride(): Promise<void>;
}

/** Throws StartError, saying what to do, when the organization can't be played on; so do the methods. */
export async function findRunningLeftrail(
  {
    url,
    org,
    token: givenToken,
  }: { readonly url: string; readonly org: string; readonly token: string | undefined },
  signal: AbortSignal,
): Promise<RunningLeftrail> {
  const ask = createAsk(url, signal);
  // What is set up must be known, to be taken back.
  const askToTheEnd = createAsk(url);
  const tokenOf = (user: string) => developmentToken(ask, url, `/dev/token?user=${user}`);
  const admin = await tokenOf("ops");
  const internalToken = givenToken ?? (await developmentToken(ask, url, "/dev/internal-token"));
  const organization = await findOrganization(ask, org, admin);
  let overrideId: string | undefined;

  async function seesIt(user: string): Promise<boolean> {
    const answer = await ask("GET", "/v1/organizations", { token: await tokenOf(user) });
    const { organizations } = organizationsBodySchema.parse(answer.expect(200));
    return organizations.some(({ id }) => id === organization.id);
  }
  const watchers = await Promise.all(
    Object.keys(demoUsers).map(async (user) => ((await seesIt(user)) ? [user] : [])),
  );

  return {
    organization,
    watcher: watchers.flat()[0],

    async publish({ type, data }) {
      const body = { org_id: organization.id, type, data };
      const answer = await ask("POST", "/v1/internal/events", { token: internalToken, body });
      if (answer.status === 401) {
        throw new StartError(
          `${url} does not take this internal token (401). Leave --token out, or give one of its INTERNAL_TOKENS.`,
        );
      }
      return textOf(answer.expect(202), "id") ?? "?";
    },

    async setOverride() {
      const body = {
        tenant_id: organization.id,
        target_type: "feature",
        target: demoFeature,
        effect: "grant",
        reason: "pnpm demo:events",
        expires_at: new Date(Date.now() + overrideLifeMs).toISOString(),
      };
      const answer = await askToTheEnd("PUT", "/v1/overrides", { token: admin, body });
      overrideId = textOf(answer.expect(200, 201), "id");
    },

    async removeOverride() {
      if (overrideId === undefined) return;
      const path = `/v1/overrides/${overrideId}`;
      overrideId = undefined;
      const answer = await askToTheEnd("DELETE", path, { token: admin });
      answer.expect(204, 404);
    },
  };
}

async function developmentToken(ask: Ask, url: string, path: string): Promise<string> {
  const { status, body } = await ask("GET", path);
  const token = status === 200 ? textOf(body, "token") : undefined;
  if (token !== undefined) return token;
  throw new StartError(`What answers at ${url} is no Leftrail for development. Start one with: pnpm dev`);
}

async function findOrganization(ask: Ask, org: string, token: string): Promise<{ id: string; name: string }> {
  const path = isUuid(org) ? `/v1/tenants/${org}` : `/v1/tenants/by-slug/${encodeURIComponent(org)}`;
  const answer = await ask("GET", path, { token });
  if (answer.status === 404 || answer.status === 400) {
    throw new StartError(`There is no organization ${org}. The demo data has acme and umbrella.`);
  }
  const body = answer.expect(200);
  return { id: textOf(body, "id") ?? org, name: textOf(body, "name") ?? org };
}
