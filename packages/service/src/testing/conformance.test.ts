import { expect, test } from "vitest";
import { conformanceTo } from "./conformance.ts";

const conforms = conformanceTo(new URL("../../../../openapi/control-plane.yaml", import.meta.url));
const empty = { data: [], next_cursor: null };
const answer = {
  method: "GET",
  path: "/v1/tenants",
  status: 200,
  contentType: "application/json",
  body: empty,
};

test("an answer as documented passes, also one of a path with parameters", () => {
  expect(() => conforms(answer)).not.toThrow();
  const problem = {
    type: "urn:leftrail:problem:not_found",
    title: "Not found",
    status: 404,
    detail: "x",
    code: "not_found",
    instance: "urn:leftrail:request:r",
  };
  const missing = {
    ...answer,
    path: "/v1/tenants/some-id",
    status: 404,
    contentType: "application/problem+json",
  };
  expect(() => conforms({ ...missing, body: problem })).not.toThrow();
  expect(() => conforms({ ...missing, body: { ...problem, code: "none_of_ours" } })).toThrow("another body");
});

test.each([
  ["a status that is not named", { status: 418 }],
  ["a media type that is not named", { contentType: "text/html" }],
  ["a field too many", { body: { ...empty, extra: 1 } }],
  ["a field too few", { body: { data: [] } }],
  ["a row of another shape", { body: { ...empty, data: [{ id: "x" }] } }],
])("%s is found", (_title, change) => {
  expect(() => conforms({ ...answer, ...change })).toThrow("GET /v1/tenants answered");
});

test("an undocumented path or method is left alone", () => {
  expect(() => conforms({ ...answer, path: "/readyz", status: 418 })).not.toThrow();
  expect(() => conforms({ ...answer, method: "PUT", status: 405 })).not.toThrow();
});
