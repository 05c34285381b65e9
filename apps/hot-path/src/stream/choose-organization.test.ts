import { expect, test } from "vitest";
import { chooseOrganization } from "./choose-organization.ts";

const everything = { ofTicket: "ticket", asked: "asked", claimed: "claimed", accessible: ["only"] };

test.each([
  [everything, "ticket"],
  [{ ...everything, ofTicket: undefined }, "asked"],
  [{ ...everything, ofTicket: undefined, asked: undefined }, "claimed"],
  [{ ofTicket: undefined, asked: undefined, claimed: null, accessible: ["only"] }, "only"],
  [{ ofTicket: undefined, asked: undefined, claimed: null, accessible: ["one", "two"] }, undefined],
  [{ ofTicket: undefined, asked: undefined, claimed: null, accessible: [] }, undefined],
])(
  "the ticket's, else the one asked for, else the token's claim, else the only one: %o is %s",
  (of, chosen) => {
    expect(chooseOrganization(of)).toBe(chosen);
  },
);
