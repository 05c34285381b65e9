import { describe, expect, test } from "vitest";
import { readBearer } from "./read-bearer.ts";
import { unauthenticatedDetail } from "./unauthenticated.ts";

describe("readBearer", () => {
  test.each(["Bearer a.b-c_d.e", "bearer a.b-c_d.e", "BEARER a.b-c_d.e", "Bearer   a.b-c_d.e"])(
    "takes the token of %j",
    (header) => expect(readBearer(header)).toBe("a.b-c_d.e"),
  );

  test.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "a.b.c",
    "Basic a.b.c",
    "Bearera.b.c",
    "Bearer a.b.c d.e.f",
    "Bearer a.b.c, Bearer d.e.f",
    "Bearer a.b.c,",
    " Bearer a.b.c",
    "Bearer a.b.c\n",
    "Bearer\ta.b.c",
    "Bearer a.b.é",
  ])("refuses %j like any other failure", (header) => {
    expect(() => readBearer(header)).toThrow(
      expect.objectContaining({ code: "unauthenticated", message: unauthenticatedDetail }),
    );
  });
});
