import { Hono } from "hono";
import { expect, test } from "vitest";
import { clientAddress, parseTrustedProxies } from "./client-address.ts";
import { InvalidSetting } from "./settings.ts";

/** What an app behind `proxies` takes for the caller's address, by the socket's and the header. */
async function addressSeen(proxies: string, remote: string, forwardedFor?: string): Promise<string> {
  const app = new Hono();
  const address = clientAddress(parseTrustedProxies(proxies));
  app.get("/", (c) => c.text(address(c) ?? "none"));
  const headers = forwardedFor === undefined ? undefined : { "x-forwarded-for": forwardedFor };
  const socket = { remoteAddress: remote, remotePort: 1, remoteFamily: "IPv4" };
  const response = await app.request("/", headers === undefined ? {} : { headers }, { incoming: { socket } });
  return response.text();
}

test.each([
  ["a caller who is no proxy can't name another address", "10.0.0.0/8", "1.2.3.4", "9.9.9.9", "1.2.3.4"],
  ["a trusted proxy names the caller", "10.0.0.0/8", "10.1.2.3", "9.9.9.9", "9.9.9.9"],
  [
    "only the last address that is no proxy counts",
    "10.0.0.0/8",
    "10.1.2.3",
    "6.6.6.6, 9.9.9.9, 10.9.9.9",
    "9.9.9.9",
  ],
  ["without the header it is the proxy", "10.0.0.0/8", "10.1.2.3", undefined, "10.1.2.3"],
  ["what is no address ends the search", "10.0.0.0/8", "10.1.2.3", "9.9.9.9, junk", "10.1.2.3"],
  ["IPv4 over an IPv6 socket is IPv4", "10.1.2.3", "::ffff:10.1.2.3", "9.9.9.9", "9.9.9.9"],
  ["IPv6 ranges", "fd00::/8", "fd00::1", "2001:DB8::1", "2001:db8::1"],
  ["only proxies: the farthest", "10.0.0.0/8", "10.1.2.3", "10.0.0.1, 10.0.0.2", "10.0.0.1"],
])("%s", async (_title, proxies, remote, forwardedFor, expected) => {
  expect(await addressSeen(proxies, remote, forwardedFor)).toBe(expected);
});

test("without a socket there is no address", async () => {
  const app = new Hono();
  const address = clientAddress(parseTrustedProxies("10.0.0.1"));
  app.get("/", (c) => c.text(address(c) ?? "none"));
  expect(await (await app.request("/")).text()).toBe("none");
});

test.each(["", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/", "example.com", "10.0.0.1,,10.0.0.2", "::1/129"])(
  "%j is no list of proxies",
  (text) => {
    expect(() => parseTrustedProxies(text)).toThrow(InvalidSetting);
  },
);
