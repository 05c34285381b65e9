import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

const issuers =
  '[{"issuer":"https://id.example.com","jwksUrl":"https://id.example.com/keys","audience":"a"}]';
const pepper = `k:${randomBytes(32).toString("base64")}`;
const production = {
  NODE_ENV: "production",
  AUTH_ISSUERS: issuers,
  DATABASE_URL: "postgres://db/leftrail",
  INTERNAL_EMAIL_DOMAINS: "example.com",
  KEY_PEPPER: pepper,
  REDIS_URL: "rediss://cache:6379",
  INTERNAL_TOKENS: `${"a".repeat(32)},${"b".repeat(32)}`,
};

const refusal = (env: Readonly<Record<string, string>>): string => {
  try {
    readConfig(env);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "";
};

test("development needs nothing but an issuer", () => {
  expect(readConfig({ AUTH_ISSUERS: issuers })).toMatchObject({
    HOST: "127.0.0.1",
    PORT: 8082,
    DATABASE_URL: "",
    INTERNAL_EMAIL_DOMAINS: ["leftrail.dev"],
    JWKS_COOLDOWN_MS: 5000,
    SCHEDULER_TICK_SECONDS: 300,
  });
});

test("the scheduler can be turned off", () => {
  expect(readConfig({ AUTH_ISSUERS: issuers, SCHEDULER_TICK_SECONDS: "0" }).SCHEDULER_TICK_SECONDS).toBe(0);
});

test("production takes what is said in full", () => {
  expect(readConfig(production)).toMatchObject({ DATABASE_URL: "postgres://db/leftrail" });
});

test.each([
  "DATABASE_URL",
  "INTERNAL_EMAIL_DOMAINS",
  "KEY_PEPPER",
  "AUTH_ISSUERS",
  "REDIS_URL",
  "INTERNAL_TOKENS",
])("production refuses to go without %s", (name) => {
  expect(refusal({ ...production, [name]: "" })).toContain(name);
});

test("production refuses the development key, under any id and in any place", () => {
  expect(refusal({ ...production, KEY_PEPPER: `mine:${developmentKey()}` })).toContain("KEY_PEPPER");
  expect(refusal({ ...production, KEY_PEPPER: `${pepper},old:${developmentKey()}` })).toContain("KEY_PEPPER");
});

test("production refuses an internal token that could be guessed, and says so with all the others", () => {
  const message = refusal({
    ...production,
    INTERNAL_TOKENS: `${"a".repeat(32)},short`,
    KEY_PEPPER: `mine:${developmentKey()}`,
  });
  expect(message).toMatch(/INTERNAL_TOKENS[^]*32|32[^]*INTERNAL_TOKENS/);
  expect(message).toContain("KEY_PEPPER");
  expect(message).not.toContain("short");
});

test("without INTERNAL_TOKENS development knows none, and several are told apart by commas", () => {
  expect(readConfig({ AUTH_ISSUERS: issuers })).toMatchObject({ INTERNAL_TOKENS: [], REDIS_URL: "" });
  const several = readConfig({ AUTH_ISSUERS: issuers, INTERNAL_TOKENS: "one, two" });
  expect(several.INTERNAL_TOKENS).toEqual(["one", "two"]);
});

const developmentKey = () =>
  createHash("sha256").update("leftrail: a key for development, known to everybody").digest("base64");

test.each([
  ["KEY_PEPPER", "no-colon"],
  ["KEY_PEPPER", "short:c2hvcnQ="],
  ["KEY_PEPPER", `${pepper},${pepper}`],
  ["AUTH_ISSUERS", "{}"],
  ["AUTH_ISSUERS", '[{"issuer":"x"}]'],
  ["DATABASE_URL", "mysql://db"],
  ["REDIS_URL", "http://cache"],
  ["INTERNAL_TOKENS", ","],
  ["INTERNAL_TOKENS", "secret-one,,secret-two"],
  ["INTERNAL_TOKENS", "secret one"],
  ["PORT", "80.5"],
  ["PORT", "65536"],
  ["LOG_LEVEL", "loud"],
  ["SCHEDULER_TICK_SECONDS", "-1"],
  ["SCHEDULER_TICK_SECONDS", "0.5"],
  ["SCHEDULER_TICK_SECONDS", "86401"],
  ["TRUSTED_PROXIES", "10.0.0.0/33"],
  ["TRUSTED_PROXIES", "example.com"],
  ["INTERNAL_EMAIL_DOMAINS", "me@example.com"],
])("a wrong %s is named, without its value: %s", (name, value) => {
  const message = refusal({ AUTH_ISSUERS: issuers, [name]: value });
  expect(message).toContain(name);
  if (name === "KEY_PEPPER") expect(message).not.toContain(value);
  expect(message).not.toContain("secret");
});

test("all wrong settings are told at once", () => {
  const message = refusal({ PORT: "x", LOG_LEVEL: "x" });
  for (const name of ["PORT", "LOG_LEVEL", "AUTH_ISSUERS"]) expect(message).toContain(name);
});
