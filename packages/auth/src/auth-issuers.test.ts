import { describe, expect, test } from "vitest";
import { parseAuthIssuers } from "./auth-issuers.ts";

const good = { issuer: "https://a.test", jwksUrl: "https://a.test/jwks", audience: "authenticated" };
const withField = (field: string, value: unknown): string => JSON.stringify([{ ...good, [field]: value }]);

describe("parseAuthIssuers", () => {
  test("reads several issuers, with one audience or with many", () => {
    const issuers = [good, { issuer: "b", jwksUrl: "http://b.test/jwks", audience: ["x", "y"] }];
    expect(parseAuthIssuers(JSON.stringify(issuers))).toEqual(issuers);
  });

  test.each([
    ["", "AUTH_ISSUERS is not valid JSON"],
    ["https://a.test", "AUTH_ISSUERS is not valid JSON"],
    [JSON.stringify(good), "AUTH_ISSUERS must be a JSON array"],
    ["[]", "AUTH_ISSUERS is empty"],
    ["[null]", "AUTH_ISSUERS[0] must be an object"],
    [JSON.stringify([good, good]), 'names the issuer "https://a.test" twice'],
    [withField("jwks_url", "x"), 'AUTH_ISSUERS[0] has the unknown field "jwks_url"'],
    [withField("issuer", undefined), "AUTH_ISSUERS[0].issuer is missing"],
    [withField("issuer", 7), "AUTH_ISSUERS[0].issuer must be a non-empty string"],
    [withField("issuer", "https://a.test "), "AUTH_ISSUERS[0].issuer has white space around it"],
    [withField("jwksUrl", undefined), "AUTH_ISSUERS[0].jwksUrl is missing"],
    [withField("jwksUrl", "a.test/jwks"), "AUTH_ISSUERS[0].jwksUrl must be an http or https URL"],
    [withField("jwksUrl", "file:///etc/jwks.json"), "AUTH_ISSUERS[0].jwksUrl must be an http or https URL"],
    [withField("jwksUrl", "https://u:p@a.test/"), "AUTH_ISSUERS[0].jwksUrl must not carry a user name"],
    [withField("audience", undefined), "AUTH_ISSUERS[0].audience is missing"],
    [withField("audience", ""), "AUTH_ISSUERS[0].audience must be a non-empty string"],
    [withField("audience", []), "AUTH_ISSUERS[0].audience must name at least one audience"],
    [withField("audience", ["a", 1]), "AUTH_ISSUERS[0].audience[1] must be a non-empty string"],
  ])("refuses %s and says what to mend", (text, message) => {
    expect(() => parseAuthIssuers(text)).toThrow(message);
  });
});
