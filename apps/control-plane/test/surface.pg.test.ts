import { newUser } from "@leftrail/auth/testing";
import { expect, test } from "vitest";
import { newSlug } from "./call-app.ts";
import { eachApp } from "./each-app.ts";

eachApp("the control plane's surface", (app) => {
  test("401 is the same for every cause, says Bearer, and goes before 404 and 405", async () => {
    const answers = await Promise.all([
      app().call("GET", "/v1/tenants"),
      app().call("GET", "/v1/tenants", { headers: { authorization: "Basic eDp5" } }),
      app().call("GET", "/v1/tenants", { headers: { authorization: "Bearer x.y.z" } }),
      app().call("GET", "/v1/no-such-path"),
      app().call("PUT", "/v1/tenants"),
    ]);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(401);
      expect(headers.get("www-authenticate")).toBe("Bearer");
      expect({ ...body, instance: "" }).toEqual({ ...answers[0]?.body, instance: "" });
    }
  });

  test("404 for a path that is none, 405 with Allow for another method", async () => {
    const as = newUser();
    expect(await app().call("GET", "/v1/no-such-path", { as })).toMatchObject({ status: 404 });
    const answer = await app().call("PUT", "/v1/tenants", { as });
    expect(answer).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
    expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
  });

  test("a caller's request id is kept when it is well-formed, and replaced when not", async () => {
    const idOf = async (id: string) =>
      (
        await app().call("GET", "/v1/catalog", { as: newUser(), headers: { "x-request-id": id } })
      ).headers.get("x-request-id");
    expect(await idOf("Ok-1._")).toBe("Ok-1._");
    expect(await idOf("not ok")).not.toBe("not ok");
    expect(await idOf("x".repeat(129))).toHaveLength(36);
  });

  test("every spelling of the JSON media type is taken", async () => {
    for (const type of [
      "application/json ;charset=UTF-8",
      "application/json;",
      'APPLICATION/JSON; charset="utf-8"',
    ]) {
      const headers = { "content-type": type };
      const body = JSON.stringify({ slug: newSlug(), name: "x" });
      expect(await app().call("POST", "/v1/tenants", { as: newUser(), body, headers }), type).toMatchObject({
        status: 201,
      });
    }
  });

  test("nobody keeps an answer", async () => {
    for (const path of ["/v1/catalog", "/v1/tenants/1", "/v1/none"]) {
      const { headers } = await app().call("GET", path, { as: newUser() });
      expect(headers.get("cache-control")).toBe("no-store");
    }
  });

  test("neither tokens nor bodies nor queries reach the log", async () => {
    await app().call("POST", "/v1/tenants?note=query-text", {
      as: newUser(),
      body: { slug: "body-text-1", name: "" },
    });
    await app().call("POST", "/v1/tenants", {
      as: newUser(),
      body: { slug: "body-text-1", name: "body-text-2" },
    });
    const log = app().logged.join("");
    expect(log).toContain("/v1/tenants");
    expect(log).not.toMatch(/eyJ|Bearer|query-text|body-text/);
  });

  test("requests are counted by route, not by path", async () => {
    await app().call("GET", "/v1/tenants/by-slug/some-slug", { as: newUser() });
    const { text } = await app().call("GET", "/metrics");
    expect(text).toContain('route="/v1/tenants/by-slug/:slug"');
    expect(text).not.toContain("some-slug");
  });
});
