import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

const issuers =
  '[{"issuer":"https://id.example.com","jwksUrl":"https://id.example.com/keys","audience":"a"}]';
const production = {
  NODE_ENV: "production",
  AUTH_ISSUERS: issuers,
  DATABASE_URL: "postgres://db/leftrail",
  INTERNAL_EMAIL_DOMAINS: "example.com",
  REDIS_URL: "rediss://cache:6379",
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
    PORT: 8081,
    DATABASE_URL: "",
    REDIS_URL: "",
    CORS_ORIGINS: [],
    INTERNAL_EMAIL_DOMAINS: ["leftrail.dev"],
  });
});

test("production takes what is said in full, and needs no page to read its answers", () => {
  expect(readConfig(production)).toMatchObject({ REDIS_URL: "rediss://cache:6379", CORS_ORIGINS: [] });
});

test.each(["DATABASE_URL", "INTERNAL_EMAIL_DOMAINS", "AUTH_ISSUERS", "REDIS_URL"])(
  "production refuses to go without %s",
  (name) => {
    expect(refusal({ ...production, [name]: "" })).toContain(name);
  },
);

test("CORS_ORIGINS are several origins, told apart by commas", () => {
  const CORS_ORIGINS = "https://app.example.com, http://localhost:5173,https://[::1]:8443";
  expect(readConfig({ AUTH_ISSUERS: issuers, CORS_ORIGINS }).CORS_ORIGINS).toEqual([
    "https://app.example.com",
    "http://localhost:5173",
    "https://[::1]:8443",
  ]);
});

test.each(["*", "https://*.example.com"])("CORS_ORIGINS refuses %s and says what to do instead", (entry) => {
  expect(refusal({ ...production, CORS_ORIGINS: entry })).toMatch(/CORS_ORIGINS entry 1 .*name every origin/);
});

test.each([
  "https://app.example.com/",
  "https://app.example.com/path",
  "https://app.example.com?x=1",
  "https://App.example.com",
  "HTTPS://app.example.com",
  "https://app.example.com:443",
  "https://user@app.example.com",
  "app.example.com",
  "null",
  "file:///etc",
  "ws://app.example.com",
  "https://",
  "",
])("CORS_ORIGINS refuses %j, and says which entry it is without repeating it", (entry) => {
  const message = refusal({ ...production, CORS_ORIGINS: `https://first.example.com,${entry}` });
  expect(message).toMatch(/CORS_ORIGINS entry 2 must be an origin/);
  if (entry !== "") expect(message.split(", for example")[0]).not.toContain(entry);
});

test.each([
  ["REDIS_URL", "http://cache"],
  ["PORT", "80.5"],
])("a wrong %s is named", (name, value) => {
  expect(refusal({ AUTH_ISSUERS: issuers, [name]: value })).toContain(name);
});
