import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { stripTypeScriptTypes } from "node:module";

/** Folders whose sources pages may load, by the first segment of their path. */
const folders: Readonly<Record<string, URL>> = {
  page: new URL("page/", import.meta.url),
  client: new URL("../../../../packages/client/src/", import.meta.url),
};

const html = `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>A dashboard</title>
<script type="importmap">{ "imports": { "@leftrail/client": "/client/index.ts" } }</script>
<script type="module" src="/page/main.ts"></script>
`;

/** The server of a dashboard: a page and its sources, the client's among them, with nothing between but their types. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
}

export async function startPageServer(): Promise<PageServer> {
  const server = createServer((request, response) => void answer(request.url ?? "/", response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(url: string, response: ServerResponse): Promise<void> {
  if (url === "/") {
    response.writeHead(200, { "Content-Type": "text/html" }).end(html);
    return;
  }
  const [, folder = "", file] = /^\/(\w+)\/([\w-]+\.ts)$/.exec(url) ?? [];
  const script = file === undefined ? undefined : await scriptOf(folder, file);
  if (script === undefined) response.writeHead(404).end();
  else response.writeHead(200, { "Content-Type": "text/javascript" }).end(script);
}

const scriptOf = (folder: string, file: string): Promise<string | undefined> =>
  readFile(new URL(file, folders[folder]), "utf8").then(stripTypeScriptTypes, () => undefined);
