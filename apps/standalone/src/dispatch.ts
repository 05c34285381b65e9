interface Fetcher {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
}

/** Sends each path to the app that serves it, as the gateway does in production. */
export const dispatch =
  (apps: { hotPath: Fetcher; controlPlane: Fetcher; development: Fetcher }) =>
  (request: Request, env?: unknown): Response | Promise<Response> => {
    const { pathname } = new URL(request.url);
    return appFor(pathname, apps).fetch(request, env);
  };

function appFor<A>(path: string, apps: { hotPath: A; controlPlane: A; development: A }): A {
  if (/^\/v1\/(?:organizations|stream)(?:\/|$)/.test(path)) return apps.hotPath;
  if (path === "/" || /^\/(?:dev|docs)(?:\/|$)/.test(path)) return apps.development;
  return apps.controlPlane;
}
