import { issuersCheck, requirePrincipal, type AuthVariables } from "@leftrail/auth";
import {
  answerMethodNotAllowed,
  createService,
  mountHealth,
  onlyGet,
  strictJson,
  type DirectAnswer,
  type ServiceEnv,
} from "@leftrail/service";
import { Hono } from "hono";
import type { Deps } from "./deps.ts";
import { createAnswerExplanation } from "./http/answer-explanation.ts";
import { createAnswerRead } from "./http/answer-read.ts";
import { readRoutes } from "./http/asked-read.ts";
import { cors } from "./http/cors.ts";
import { createDirectRead } from "./http/direct-read.ts";
import { organizationIdOf } from "./http/organization-id.ts";
import { refuseQuery, wantsExplanation } from "./http/query.ts";
import { createReadsUnderWay } from "./http/reads-under-way.ts";
import { createFeatureMetrics } from "./metrics/feature-metrics.ts";
import { createReadCounts } from "./metrics/read-counts.ts";
import { featuresRequest, organizationsRequest, productsRequest } from "./reads/read-requests.ts";
import { createStreamAnswers } from "./stream/create-stream-answers.ts";
import { isStreamTarget } from "./stream/direct-stream.ts";
import { streamRoutes } from "./stream/stream-routes.ts";

export type AppEnv = ServiceEnv & { Variables: AuthVariables };

/** The hot path: what a request meets, in order, and every route; `direct` is a shorter way to the same answers. */
export function createApp(deps: Deps): Hono<AppEnv> & { readonly direct: DirectAnswer } {
  const app = new Hono<AppEnv>();
  const { registry } = deps.metrics;
  const { sidebar } = deps.store.read;
  const ctx = { ...deps, sidebar, featureMetrics: createFeatureMetrics(registry) };
  const counts = createReadCounts(registry, Object.values(readRoutes));
  const underWay = createReadsUnderWay();
  const answerRead = createAnswerRead({ ...deps, counts, underWay });
  const answerExplanation = createAnswerExplanation(ctx);
  const { answerStream, answerTicket, directStream } = createStreamAnswers(ctx);
  createService(app, deps);
  mountHealth(app, {
    ...deps,
    checks: { database: () => deps.store.ping(), issuers: issuersCheck(deps.verifier) },
  });

  if (deps.corsOrigins.length > 0) app.use("/v1/*", cors(deps.corsOrigins));
  // It finds out by itself who is calling: its token may stand in the query, and be a ticket.
  app.all(streamRoutes.stream, onlyGet);
  app.get(streamRoutes.stream, answerStream);
  app.use("/v1/*", requirePrincipal(deps.verifier));
  app.get(readRoutes.organizations, (c) => {
    refuseQuery(c);
    return answerRead(
      c,
      readRoutes.organizations,
      organizationsRequest(ctx, { principal: c.get("principal") }),
    );
  });
  app.get(readRoutes.features, (c) => {
    const isExplained = wantsExplanation(c);
    const input = { organizationId: organizationIdOf(c), principal: c.get("principal") };
    return isExplained
      ? answerExplanation(c, input)
      : answerRead(c, readRoutes.features, featuresRequest(ctx, input));
  });
  app.get(readRoutes.products, (c) => {
    refuseQuery(c);
    const input = { organizationId: organizationIdOf(c), principal: c.get("principal") };
    return answerRead(c, readRoutes.products, productsRequest(ctx, input));
  });
  app.post(streamRoutes.tickets, strictJson(), (c) => answerTicket(c, c.get("principal")));
  answerMethodNotAllowed(app);
  const directRead = createDirectRead({ ...ctx, counts, underWay });
  const direct: DirectAnswer = (incoming, ...rest) =>
    (isStreamTarget(incoming.url) ? directStream : directRead)(incoming, ...rest);
  return Object.assign(app, { direct });
}
