import { problemSchema } from "@leftrail/contract";
import { describe, expect, it } from "vitest";
import { testService } from "../test/test-service.ts";
import { jsonDepthMax } from "./parse-strict-json.ts";
import { bodyBytesMax } from "./read-body.ts";
import { noBody, strictJson } from "./strict-json.ts";

const json = { "Content-Type": "application/json" };
const { app } = testService((service) => {
  service.post("/echo", strictJson(), async (c) => c.json(await c.req.json()));
  service.post("/text", strictJson({ limit: "unescaped" }), async (c) => c.json(await c.req.json()));
  service.post("/act", noBody(), (c) => c.body(null, 204));
});

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

async function post(path: string, body: Body | undefined, headers: Record<string, string> = json) {
  const init = { method: "POST", headers, duplex: "half" as const };
  const response = await app.request(path, body === undefined ? init : { ...init, body });
  if (response.status < 400) return { status: response.status, body: await response.text() };
  const problem = problemSchema.parse(await response.json());
  return { status: response.status, code: problem.code, errors: problem.errors };
}

const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
const sized = (bytes: number): string => JSON.stringify("x".repeat(bytes - 2));

describe("a JSON body", () => {
  it.each([
    ["an object", '{"a":[1,"ä",null]}'],
    ["a brace inside a string", JSON.stringify({ a: `${"[{".repeat(50)}\\"` })],
    ["a quote and brackets inside a string", JSON.stringify({ a: `"${"[".repeat(50)}` })],
    ["the deepest allowed nesting", nested(jsonDepthMax)],
    ["the largest allowed size", sized(bodyBytesMax)],
    ["an escaped astral character", String.raw`"\ud83d\ude00"`],
  ])("%s reaches the handler unchanged", async (_what, text) => {
    const { status, body } = await post("/echo", text);
    expect([status, JSON.parse(body ?? "")]).toEqual([200, JSON.parse(text)]);
  });

  it.each([
    "application/json; charset=utf-8",
    "Application/JSON;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/json;profile=x",
  ])("the content type %s is taken", async (type) => {
    expect((await post("/echo", "1", { "Content-Type": type })).status).toBe(200);
  });

  it.each<Record<string, string>>([
    { "Content-Type": "text/plain" },
    { "Content-Type": "application/problem+json" },
    { "Content-Type": "application/jsonx" },
    { "Content-Type": "application/x-www-form-urlencoded" },
    { "Content-Type": "application/json; charset=iso-8859-1" },
    { "Content-Type": "" },
    { ...json, "Content-Encoding": "gzip" },
  ])("%o answers 415", async (headers) => {
    expect(await post("/echo", "{}", headers)).toMatchObject({ status: 415, code: "unsupported_media_type" });
  });

  it("bytes without any content type answer 415", async () => {
    const response = await post("/echo", new TextEncoder().encode("{}"), {});
    expect(response.status).toBe(415);
  });

  it("an identity encoding is no encoding", async () => {
    expect((await post("/echo", "1", { ...json, "Content-Encoding": "identity" })).status).toBe(200);
  });

  it("no body answers 400 and says that one is required, whether or not a type was named", async () => {
    const errors = [{ pointer: "", detail: "a JSON body is required" }];
    expect(await post("/echo", "")).toMatchObject({ status: 400, errors });
    expect(await post("/echo", undefined)).toMatchObject({ status: 400, errors });
    expect(await post("/echo", undefined, {})).toMatchObject({ status: 400, errors });
  });

  it("a body one byte too long answers 413", async () => {
    expect(await post("/echo", sized(bodyBytesMax + 1))).toMatchObject({
      status: 413,
      code: "payload_too_large",
    });
  });

  it("a declared length over the limit answers 413 before a byte is read", async () => {
    const { stream, pulls } = endless();
    const headers = { ...json, "Content-Length": String(bodyBytesMax + 1) };
    expect((await post("/echo", stream, headers)).status).toBe(413);
    expect(pulls()).toBeLessThanOrEqual(1);
  });

  it("an endless body is read no further than the limit", async () => {
    const { stream, pulls } = endless();
    expect((await post("/echo", stream)).status).toBe(413);
    expect(pulls()).toBeLessThanOrEqual(bodyBytesMax / chunkBytes + 3);
  });

  it("a body that breaks off answers 400, not 500", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("gone")),
    });
    expect((await post("/echo", broken)).status).toBe(400);
  });

  it.each([
    ["invalid UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["an encoded surrogate", new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["a byte order mark", "\uFEFF{}"],
    ["malformed JSON", '{"a":'],
    ["a trailing comma", '{"a":1,}'],
    ["two values", "{} {}"],
    ["white space only", "  "],
    ["nesting one level too deep", nested(jsonDepthMax + 1)],
    ["as many brackets as fit", "[".repeat(bodyBytesMax)],
    ["as many closed brackets as fit", "[".repeat(bodyBytesMax / 2) + "]".repeat(bodyBytesMax / 2)],
  ])("%s answers 400 for the body as a whole", async (_what, body) => {
    const answer = await post("/echo", body);
    expect(answer).toMatchObject({ status: 400, code: "invalid_input", errors: [{ pointer: "" }] });
  });

  it.each([
    [String.raw`"\u0000"`, ""],
    [String.raw`{"a":{"b/c":["x","\u0000"]}}`, "/a/b~1c/1"],
    [String.raw`{"a":"\ud800"}`, "/a"],
    [String.raw`{"a":"\udc00\ud800"}`, "/a"],
    [String.raw`{"x\u0000":1}`, "/x\uFFFD"],
    [String.raw`{"\udfff":1}`, "/\uFFFD"],
    [`{"a":1e400}`, "/a"],
  ])("%s answers 400 at its pointer", async (text, pointer) => {
    const answer = await post("/echo", text);
    expect(answer).toMatchObject({ status: 400, errors: [{ pointer }] });
  });

  it("the error does not repeat the body", async () => {
    const response = await app.request("/echo", { method: "POST", headers: json, body: '{"s3cret' });
    expect(await response.text()).not.toContain("s3cret");
  });

  it("a body full of errors names the first twenty", async () => {
    const answer = await post("/echo", JSON.stringify(Array.from({ length: 500 }, () => "\0")));
    expect(answer.errors).toHaveLength(20);
  });
});

describe("a body whose escapes count as what they stand for", () => {
  const escaped = (characters: number): string => String.raw`"${String.raw`\u0001`.repeat(characters)}"`;

  it("passes with the limit's worth of text, however it is escaped", async () => {
    const { status, body } = await post("/text", escaped(bodyBytesMax - 2));
    expect([status, JSON.parse(body ?? "").length]).toEqual([200, bodyBytesMax - 2]);
    expect((await post("/echo", escaped(bodyBytesMax - 2))).status).toBe(413);
  });

  it.each([
    ["one byte of text too much", escaped(bodyBytesMax - 1)],
    ["one byte too much without any escape", sized(bodyBytesMax + 1)],
    ["white space over the limit", `1${" ".repeat(bodyBytesMax)}`],
  ])("%s answers 413", async (_what, body) => {
    expect((await post("/text", body)).status).toBe(413);
  });

  it("an endless body is read no further than six times the limit", async () => {
    const { stream, pulls } = endless();
    expect((await post("/text", stream)).status).toBe(413);
    expect(pulls()).toBeLessThanOrEqual((6 * bodyBytesMax) / chunkBytes + 3);
  });
});

describe("a route without a body", () => {
  it.each([undefined, "", "{}", " { } "])("takes %j", async (body) => {
    expect((await post("/act", body)).status).toBe(204);
  });

  it("takes no body without a content type", async () => {
    expect((await post("/act", undefined, {})).status).toBe(204);
  });

  it("names every field as unknown", async () => {
    expect(await post("/act", '{"a":1,"b/c":2}')).toMatchObject({
      status: 400,
      errors: [
        { pointer: "/a", detail: "unknown field" },
        { pointer: "/b~1c", detail: "unknown field" },
      ],
    });
  });

  it.each(["[]", "null", "1", "x", "{"])("refuses %s with 400", async (body) => {
    expect(await post("/act", body)).toMatchObject({ status: 400, errors: [{ pointer: "" }] });
  });

  it("refuses a body over the limit with 413", async () => {
    expect((await post("/act", sized(bodyBytesMax + 1))).status).toBe(413);
  });

  it("refuses a body of another type or encoding with 415", async () => {
    expect((await post("/act", "{}", { "Content-Type": "text/plain" })).status).toBe(415);
    expect((await post("/act", new TextEncoder().encode("{}"), {})).status).toBe(415);
    expect((await post("/act", "{}", { ...json, "Content-Encoding": "br" })).status).toBe(415);
  });
});

const chunkBytes = 4096;

function endless() {
  let count = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      count++;
      controller.enqueue(new Uint8Array(chunkBytes).fill(0x20));
    },
  });
  return { stream, pulls: () => count };
}
