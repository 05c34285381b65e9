/** Hosts whose spelling is remembered; with more the memory begins anew. */
const hostsMax = 1_000;

/** Whether a Host header is spelt as URLs spell it: the app has an answer of its own to all others. */
export function createPlainHost(): (host: string) => boolean {
  const known = new Map<string, boolean>();
  return (host) => {
    let isPlain = known.get(host);
    if (isPlain === undefined) {
      isPlain = URL.parse(`http://${host}/`)?.host === host;
      if (known.size >= hostsMax) known.clear();
      known.set(host, isPlain);
    }
    return isPlain;
  };
}
