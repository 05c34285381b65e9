import { expect, test } from "vitest";
import { hashTicket, isTicket, mintTicket } from "./mint-ticket.ts";

test("a ticket has 256 random bits, and is told from a JWT by how it begins", () => {
  const ticket = mintTicket();
  expect(Buffer.from(ticket.slice(3), "base64url")).toHaveLength(32);
  expect([isTicket(ticket), isTicket("e30.e30.e30"), isTicket("")]).toEqual([true, false, false]);
});

test("its hash is SHA-256, and says nothing of it", () => {
  const ticket = `st_${"a".repeat(43)}`;
  expect(hashTicket(ticket)).toBe("5MqXG_ms1vY6x40i0dxl02RnC2-CSvM4g77PuaoU5AU");
});

test.each([
  "",
  "st_",
  `st_${"a".repeat(42)}`,
  `st_${"a".repeat(44)}`,
  `st_${"*".repeat(43)}`,
  "x".repeat(9_000),
])("what does not look like one has none, and nobody is asked for it: %j", (text) => {
  expect(hashTicket(text)).toBeUndefined();
});
