import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { BlockList, isIP } from "node:net";
import { InvalidSetting } from "./settings.ts";

/** Finds the address of who called. */
export type ClientAddress = (c: Context) => string | null;

/** Parses `TRUSTED_PROXIES`: addresses and CIDR ranges, comma separated. */
export function parseTrustedProxies(text: string): BlockList {
  const proxies = new BlockList();
  for (const [index, part] of text.split(",").entries()) {
    const [address = "", prefix] = part.trim().split("/");
    const version = isIP(address);
    const bits = prefix === undefined ? undefined : Number(prefix);
    const bitsMax = version === 4 ? 32 : 128;
    const isRange = bits !== undefined && /^\d{1,3}$/.test(prefix ?? "") && bits <= bitsMax;
    if (version === 0 || (bits !== undefined && !isRange)) {
      throw new InvalidSetting(`entry ${index + 1} must be an IP address or a CIDR range`);
    }
    const family = version === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, bits, family);
  }
  return proxies;
}

/**
 * The socket's address, unless that is a trusted proxy: then the last address in
 * X-Forwarded-For that is none. What stands left of it, a caller may have made up.
 */
export const clientAddress =
  (proxies: BlockList): ClientAddress =>
  (c) => {
    const remote = plainAddress(remoteAddress(c));
    if (remote === null || !isTrusted(proxies, remote)) return remote;
    const hops = (c.req.header("x-forwarded-for") ?? "").split(",").map((hop) => plainAddress(hop.trim()));
    let nearest = remote;
    for (const hop of hops.toReversed()) {
      if (hop === null) break;
      nearest = hop;
      if (!isTrusted(proxies, hop)) break;
    }
    return nearest;
  };

// Without a server around the app, as in app.request(), there is no socket.
function remoteAddress(c: Context): string {
  try {
    return getConnInfo(c).remote.address ?? "";
  } catch {
    return "";
  }
}

/** IPv4 as such also when it came over an IPv6 socket; null for what is no address. */
function plainAddress(text: string): string | null {
  const address = text.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) === 0 ? null : address.toLowerCase();
}

const isTrusted = (proxies: BlockList, address: string): boolean =>
  proxies.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
