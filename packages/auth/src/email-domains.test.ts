import { describe, expect, test } from "vitest";
import { parseEmailDomains } from "./email-domains.ts";

describe("parseEmailDomains", () => {
  test("lower-cases, trims and keeps each domain once", () => {
    expect(parseEmailDomains(" Leftrail.DEV, example.com,leftrail.dev")).toEqual([
      "leftrail.dev",
      "example.com",
    ]);
  });

  test.each([
    ["", "has an empty entry"],
    ["a.test,", "has an empty entry"],
    ["a.test,,b.test", "has an empty entry"],
    ["me@a.test", "entry 1 is not a domain"],
    ["a.test b.test", "entry 1 is not a domain"],
    ["*.a.test", "entry 1 is not a domain"],
    [".a.test", "entry 1 is not a domain"],
    ["a.test.", "entry 1 is not a domain"],
  ])("refuses %j and says what to mend", (text, message) => {
    expect(() => parseEmailDomains(text)).toThrow(`INTERNAL_EMAIL_DOMAINS`);
    expect(() => parseEmailDomains(text)).toThrow(message);
  });
});
