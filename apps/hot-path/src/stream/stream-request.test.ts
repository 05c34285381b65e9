import { describe, expect, test } from "vitest";
import { createFilterParser } from "./events-filter.ts";
import { isEventId, queryOf, readToken, readWishes, type StreamRequest } from "./stream-request.ts";

const request = (query: string, headers: Partial<StreamRequest> = {}): StreamRequest => ({
  authorization: undefined,
  lastEventId: undefined,
  ...headers,
  query: queryOf(`/v1/stream?${query}`),
});
const wishesOf = (...of: Parameters<typeof request>) => readWishes(request(...of), createFilterParser());
const id = "0192f3a4-7b1c-7def-8a9b-0c1d2e3f4a5b";

describe("the token", () => {
  test.each([
    ["token=abc", undefined, "abc"],
    ["", "Bearer abc", "abc"],
    ["token=abc", "bearer   abc", "abc"],
    ["token=a%2Bb%2Fc%3D", undefined, "a+b/c="],
  ])("of %j and the header %j is %s", (query, authorization, token) => {
    expect(readToken(request(query, { authorization }))).toBe(token);
  });

  test.each([
    ["token=abc", "Bearer other"],
    ["token=", "Bearer abc"],
    ["token=abc", "Basic abc"],
    ["token=abc", ""],
    ["token=abc", "Bearer abc, Bearer abc"],
    ["", undefined],
    ["TOKEN=abc", undefined],
  ])("of %j and the header %j is nobody's", (query, authorization) => {
    expect(() => readToken(request(query, { authorization }))).toThrow(
      expect.objectContaining({ code: "unauthenticated" }),
    );
  });

  test("given twice is refused without saying it again", () => {
    const twice = () => readToken(request("token=s3cret&token=s3cret"));
    expect(twice).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        errors: [{ pointer: "?token", detail: "must be given once" }],
      }),
    );
  });
});

describe("the wishes", () => {
  test("are none unless there are some", () => {
    expect(wishesOf("token=x")).toEqual({ organizationId: undefined, filter: undefined, after: undefined });
  });

  test("an organization's id comes out in lower case", () => {
    expect(wishesOf(`org_id=${id.toUpperCase()}`).organizationId).toBe(id);
  });

  test.each([
    ["org_id=", "?org_id"],
    ["org_id=acme", "?org_id"],
    [`org_id=${id}%00`, "?org_id"],
    ["events=", "?events"],
    ["events=run.stage,nothing", "?events"],
    [`org_id=${id}&org_id=${id}`, "?org_id"],
    ["events=run.stage&events=run.stage", "?events"],
    ["last_event_id=1-1&last_event_id=1-1", "?last_event_id"],
    ["lastEventId=1-1&lastEventId=1-1", "?lastEventId"],
  ])("%s is refused, by name", (query, pointer) => {
    expect(() => wishesOf(query)).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        errors: [expect.objectContaining({ pointer })],
      }),
    );
  });

  test.each(["x=1", "x=1&x=2", "limit=5", "%ZZ=%ZZ", "=", "&&&", "toString=1", "last_event_ID=x"])(
    "a parameter that is unknown is ignored, whatever it is: %s",
    (query) => {
      expect(wishesOf(query).after).toBeUndefined();
    },
  );
});

describe("where to go on", () => {
  test.each([
    ["", undefined, undefined],
    ["last_event_id=1-1", undefined, "1-1"],
    ["lastEventId=1-2", undefined, "1-2"],
    ["last_event_id=1-1&lastEventId=1-2", undefined, "1-1"],
    ["last_event_id=1-1&lastEventId=1-2", "1-3", "1-3"],
    ["last_event_id=", undefined, undefined],
    ["last_event_id=1-1", "", "1-1"],
  ])("%j with the header %j is %j: the header first", (query, lastEventId, after) => {
    expect(wishesOf(query, { lastEventId }).after).toBe(after);
  });

  test.each(["no id", "a\r\nid: 1", "%00", "é", "%ff", "%ZZ", "1-1, 1-2", "x".repeat(64)])(
    "what is no id is no error either: %j",
    (text) => {
      expect(wishesOf(`last_event_id=${text}`).after).toEqual(expect.any(String));
    },
  );

  test("too long a text is cut, and still is no id", () => {
    const { after = "" } = wishesOf("", { lastEventId: "1".repeat(10_000) });
    expect(after).toHaveLength(65);
    expect(isEventId(after)).toBe(false);
  });
});
