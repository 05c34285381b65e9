import type { Conformance } from "@leftrail/service/testing";
import type { TestAuth, TestUser } from "./test-auth.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What tests look into; they say what they expect of it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface CallOptions {
  readonly as?: TestUser;
  /** Sent as JSON, unless it is a text already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** Calls an app as its server would, without a socket between; every answer must be what the document promises. */
export const callOf =
  (
    app: { request(path: string, init: RequestInit): Response | Promise<Response> },
    auth: TestAuth,
    conforms: Conformance = () => undefined,
  ): Call =>
  async (method, path, { as, body, headers = {} } = {}) => {
    const response = await app.request(path, {
      method,
      headers: {
        ...(as === undefined ? {} : { authorization: await auth.bearer(as) }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    const { status } = response;
    const parsed: unknown = isJson && text !== "" ? JSON.parse(text) : undefined;
    const [pathname = ""] = path.split("?");
    const contentType = response.headers.get("content-type");
    conforms({ method, path: pathname, status, contentType, body: parsed });
    return { status, headers: response.headers, text, body: parsed };
  };

/** An answer without what differs from request to request. */
export const comparable = ({ status, headers, body }: Answer) => ({
  status,
  headers: Object.fromEntries([...headers].filter(([name]) => name !== "x-request-id")),
  body: { ...body, instance: undefined },
});
