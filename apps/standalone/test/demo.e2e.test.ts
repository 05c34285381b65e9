import { problemSchema } from "@leftrail/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callAs, organizationIds } from "./set-up/call-as.ts";
import { paste, run, startLeftrail, type Leftrail } from "./set-up/run-leftrail.ts";
import { makeWorkFolder, type WorkFolder } from "./set-up/work-folder.ts";

const startTimeoutMs = 30_000;

const problemOf = async (response: Response) => {
  const problem = problemSchema.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem.code;
};

describe.each(["", "--memory"])("what the banner of pnpm dev %s promises", (argument) => {
  let folder: WorkFolder;
  let leftrail: Leftrail;

  beforeAll(async () => {
    folder = await makeWorkFolder();
    const args = argument === "" ? [] : [argument];
    leftrail = await startLeftrail({ cwd: folder.path, args, env: { LOG_LEVEL: "debug" } });
  }, startTimeoutMs);
  afterAll(async () => {
    await leftrail[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  }, startTimeoutMs);

  test("it says where the data is", () => {
    const isInMemory = argument === "--memory";
    expect(leftrail.stdout).toContain(`(store: ${isInMemory ? "memory" : "postgres"})`);
    expect(leftrail.stdout.includes("everything is in memory and gone at the end")).toBe(isInMemory);
  });

  test("an order that offers no trial, and one that does, answer 409 and 201", async () => {
    const carol = await callAs(leftrail.url, "carol");
    const { umbrella } = await organizationIds(carol);
    const featuresPath = `/v1/organizations/${umbrella}/features`;
    const always = ["activity", "dashboard", "team_settings"];
    expect(await (await carol.get(featuresPath)).json()).toEqual({ features: always });

    const refused = await carol.post("/v1/catalog/trial-request", {
      tenant_id: umbrella,
      product: "change-radar",
    });
    expect(await problemOf(refused)).toBe("conflict");
    expect(await (await carol.get(featuresPath)).json()).toEqual({ features: always });
  });

  test("its three lines work when pasted, the third one once", async () => {
    expect(leftrail.curlLines).toHaveLength(3);
    const [organizations = "", features = "", trial = ""] = leftrail.curlLines;
    expect(JSON.parse(await paste(organizations))).toMatchObject({
      organizations: [{ slug: "acme", status: "active", accessType: "member", role: "owner" }],
    });
    expect(JSON.parse(await paste(features))).toEqual({
      features: ["activity", "chat", "chat_export", "chat_history", "dashboard", "team_settings"],
    });
    const answer = JSON.parse(await paste(`${trial} -w '\\n{"status":%{http_code}}'`).then(asArray));
    expect(answer).toMatchObject([
      { order: { product: "ai-chat", kind: "trial" }, entitlement: { source: "trial", status: "trialing" } },
      { status: 201 },
    ]);
    expect(JSON.parse(await paste(trial))).toMatchObject({ status: 409, code: "conflict" });
  });

  test("a trial shows in the features within a second", async () => {
    const carol = await callAs(leftrail.url, "carol");
    const { umbrella } = await organizationIds(carol);
    await expect
      .poll(async () => (await carol.get(`/v1/organizations/${umbrella}/features`)).json(), { timeout: 1000 })
      .toEqual({
        features: ["activity", "chat", "chat_export", "chat_history", "dashboard", "team_settings"],
      });
  });

  test("/ shows the banner", async () => {
    const response = await fetch(leftrail.url);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(leftrail.stdout).toContain(await response.text());
  });

  test("the issuer publishes its keys without their private parts", async () => {
    const { keys } = (await (await fetch(`${leftrail.url}/dev/jwks.json`)).json()) as { keys: object[] };
    expect(keys).not.toHaveLength(0);
    for (const key of keys) expect(key).not.toHaveProperty("d");
  });

  test.each([
    ["?user=nobody", 404, "not_found"],
    ["?user=toString", 404, "not_found"],
    ["", 400, "invalid_input"],
    ["?user=", 400, "invalid_input"],
    ["?user=alice&role=owner", 400, "invalid_input"],
    ["?user=alice&user=bob", 400, "invalid_input"],
  ])("/dev/token%s answers %i %s", async (query, status, code) => {
    const response = await fetch(`${leftrail.url}/dev/token${query}`);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toBe(code);
  });

  test("pnpm token prints a token that works, and nothing else", async () => {
    await using cli = run("token-cli.ts", tokenCli("alice"));
    expect(await cli.ended).toBe(0);
    expect(cli.stderr).toBe("");
    expect(cli.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const answer = await fetch(`${leftrail.url}/v1/organizations`, {
      headers: { Authorization: `Bearer ${cli.stdout.trim()}` },
    });
    expect(answer.status).toBe(200);
  });

  test("pnpm token for somebody unknown fails and names those known", async () => {
    await using cli = run("token-cli.ts", tokenCli("nobody"));
    expect(await cli.ended).toBe(1);
    expect(cli.stdout).toBe("");
    expect(cli.stderr).toBe("The demo data has these users: alice, bob, carol, ops.\n");
  });

  // The last one: it looks at all that the tests above have made it print.
  test("no token, password, pepper or private key is printed, not even by LOG_LEVEL=debug", async () => {
    const { token } = await callAs(leftrail.url, "ops");
    const { stdout, stderr } = leftrail;
    expect(stderr).toBe("");
    expect(stdout).toContain('"level":"info"');
    expect(stdout).not.toMatch(/eyJ[\w-]{10}/);
    const secrets = [token, ...(argument === "" ? await keptSecrets() : [])];
    for (const secret of secrets) expect(stdout).not.toContain(secret);
  });

  const tokenCli = (user: string) => ({
    cwd: folder.path,
    args: [user],
    env: { PORT: new URL(leftrail.url).port },
  });

  async function keptSecrets(): Promise<string[]> {
    const [pepper = ""] = (await folder.read("key-pepper")).split(":").slice(1);
    const keys = JSON.parse(await folder.read("issuer-keys.json")) as { d: string }[];
    const secrets = [await folder.read("postgres-password"), pepper, ...keys.map(({ d }) => d)];
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(20);
    return secrets;
  }
});

const asArray = (lines: string): string => `[${lines.replace("\n", ",")}]`;
