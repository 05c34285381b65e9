/** A caller of a running Leftrail, with a token from its own development issuer. */
export interface Caller {
  readonly token: string;
  get(path: string): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
}

export async function callAs(url: string, user: "alice" | "bob" | "carol" | "ops"): Promise<Caller> {
  const response = await fetch(`${url}/dev/token?user=${user}`);
  const { token } = (await response.json()) as { token: string };
  return callWith(url, token);
}

export function callWith(url: string, token: string): Caller {
  const headers = { Authorization: `Bearer ${token}` };
  return {
    token,
    get: (path) => fetch(url + path, { headers }),
    post: (path, body) =>
      fetch(url + path, {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
  };
}

/** The id of each organization that the caller sees, by slug. */
export async function organizationIds(caller: Caller): Promise<Record<string, string>> {
  const response = await caller.get("/v1/organizations");
  const { organizations } = (await response.json()) as { organizations: { slug: string; id: string }[] };
  return Object.fromEntries(organizations.map(({ slug, id }) => [slug, id]));
}
