import { newUser } from "@leftrail/auth/testing";
import { waitUntil } from "@leftrail/testkit";
import { prepareRequest } from "@leftrail/testkit/bench";
import type { Fleet } from "../../test/set-up/fleet.ts";

/** A user with a token. */
export interface Member {
  /** Asks for the stream of their organization. */
  streamRequest(lastEventId?: string): Buffer;
}

/** A new organization with so many members, as another SQL client writes them; resolves when that has got around. */
export async function insertMembers(
  { sql, auth }: Pick<Fleet, "sql" | "auth">,
  organizationId: string,
  count: number,
): Promise<readonly Member[]> {
  const users = Array.from({ length: count }, newUser);
  await sql`insert into tenants (id, slug, name, status) values (${organizationId}, 'large', 'Large', 'active')`;
  await sql`
    insert into memberships (tenant_id, user_id, role)
    select ${organizationId}, user_id, 'member' from unnest(${users.map(({ userId }) => userId)}::uuid[]) user_id`;
  await sql`analyze`;
  const members = await Promise.all(users.map(async (user) => memberWith(await auth.bearer(user))));
  await waitUntil(async () => (await sql`select 1 from change_outbox limit 1`).length === 0, {
    what: "the outbox to be relayed",
    timeoutMs: 60_000,
  });
  return members;
}

const memberWith = (authorization: string): Member => ({
  streamRequest: (lastEventId) =>
    prepareRequest({
      path: "/v1/stream",
      headers: { authorization, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
    }),
});
