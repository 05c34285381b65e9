import { ProblemError } from "@leftrail/contract";
import {
  answerMethodNotAllowed,
  createService,
  onlyQuery,
  strictQuery,
  type Logger,
  type Metrics,
  type ServiceEnv,
} from "@leftrail/service";
import { demoUsers } from "@leftrail/store";
import type { Issuer } from "@leftrail/testkit";
import { Hono } from "hono";
import { z } from "zod";
import { mountDocs } from "./docs-page.ts";
import { isDemoUserName, signDemoToken } from "./issuer.ts";

const names = Object.keys(demoUsers).join(", ");
const tokenQuerySchema = z.object({ user: z.string().min(1) });

/** What only development has: tokens for the demo's people and for services, the issuer's keys, the reference, a word for who opens `/`. */
export function createDevApp(deps: {
  issuer: Issuer;
  internalTokens: readonly string[];
  logger: Logger;
  metrics: Metrics;
  overview: () => string;
}) {
  const app = new Hono<ServiceEnv>();
  createService(app, deps);
  app.get("/", (c) => c.text(deps.overview()));
  mountDocs(app);
  app.get("/dev/jwks.json", onlyQuery([]), (c) => c.json(deps.issuer.jwks()));
  app.get("/dev/token", async (c) => {
    const { user } = strictQuery(c, tokenQuerySchema);
    if (!isDemoUserName(user))
      throw new ProblemError("not_found", `The demo data has these users: ${names}.`);
    return c.json({ token: await signDemoToken(deps.issuer, user) }, 200, { "Cache-Control": "no-store" });
  });
  app.get("/dev/internal-token", onlyQuery([]), (c) =>
    c.json({ token: deps.internalTokens[0] }, 200, { "Cache-Control": "no-store" }),
  );
  answerMethodNotAllowed(app);
  return app;
}
