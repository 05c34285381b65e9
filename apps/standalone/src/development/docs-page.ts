import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { controlPlaneDocument } from "@leftrail/control-plane/openapi";
import type { ServiceEnv } from "@leftrail/service";
import type { Hono } from "hono";
import { hotPathDocument } from "../openapi/hot-path-document.ts";

const script = "text/javascript; charset=utf-8";

/** What of Swagger UI is served; everything is local, nothing is fetched from elsewhere. */
const assets: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": script,
  "swagger-ui-standalone-preset.js": script,
  "favicon-32x32.png": "image/png",
};

/** `/docs`: the reference of both services, to be read and tried out. */
export function mountDocs(app: Hono<ServiceEnv>): void {
  const assetsDir = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  const documents = { "control-plane": controlPlaneDocument(), "hot-path": hotPathDocument() };

  app.get("/docs", (c) => c.html(page));
  app.get("/docs/initializer.js", (c) => c.body(initializer, 200, { "Content-Type": script }));
  for (const [name, document] of Object.entries(documents)) {
    app.get(`/docs/${name}.json`, (c) => c.json(document));
  }
  for (const [name, type] of Object.entries(assets)) {
    app.get(`/docs/${name}`, async (c) =>
      c.body(await readFile(join(assetsDir, name)), 200, {
        "Content-Type": type,
        "Cache-Control": "max-age=3600",
      }),
    );
  }
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Leftrail: reference</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png" />
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-ui-standalone-preset.js"></script>
    <script src="/docs/initializer.js"></script>
  </body>
</html>
`;

// Without validatorUrl the page would send the documents to a public validator.
const initializer = `SwaggerUIBundle({
  dom_id: "#reference",
  urls: [
    { name: "Control plane", url: "/docs/control-plane.json" },
    { name: "Hot path", url: "/docs/hot-path.json" },
  ],
  validatorUrl: null,
  deepLinking: true,
  persistAuthorization: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});
`;
