import { foundOf } from "@leftrail/read-cache";
import type { Context } from "hono";
import { explainFeatures } from "../reads/explain-features.ts";
import { answerFound } from "./answer-found.ts";

type Explain = Parameters<typeof explainFeatures>[0];

/** Answers with what was decided just now, never from a tier and never into one. */
export const createAnswerExplanation =
  (ctx: Explain["ctx"]) =>
  async (c: Context, input: Explain["input"]): Promise<Response> =>
    answerFound(c, foundOf(JSON.stringify(await explainFeatures({ ctx, input }))), "bypass");
