import { expect, test } from "vitest";
import { askedReadOf } from "./asked-read.ts";

const id = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";

test("the three reads are known by their targets", () => {
  expect(askedReadOf("/v1/organizations")).toMatchObject({ read: "organizations" });
  expect(askedReadOf(`/v1/organizations/${id}/features`)).toEqual({ read: "features", organizationId: id });
  expect(askedReadOf(`/v1/organizations/${id}/products`)).toEqual({ read: "products", organizationId: id });
});

test.each([
  "",
  "*",
  "/",
  "/v1/organizations/",
  "/v1/organizations?",
  "/v1/organizationsx",
  `/v1/organizations/${id}`,
  `/v1/organizations/${id}/`,
  `/v1/organizations/${id}/features/`,
  `/v1/organizations/${id}/features?explain=1`,
  `/v1/organizations/${id}x/features`,
  `/v1/organizations/${id.slice(1)}/features`,
  `/v1/organizations//features`,
  `http://localhost/v1/organizations`,
])("%j is left to the router", (target) => {
  expect(askedReadOf(target)).toBeUndefined();
});
