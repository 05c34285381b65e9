import { hash } from "node:crypto";
import type { FeatureRules } from "@leftrail/features";
import canonicalize from "canonicalize";
import { answersVersion } from "../reads/answers-version.ts";

/** What answers are computed with: instances that differ in it take no answer from each other. */
export const buildOf = (rules: FeatureRules): string =>
  hash("sha256", canonicalize({ answersVersion, rules }) ?? "", "base64url");
