import { migrate } from "@leftrail/store";
import { createTemplate, startTestPostgres } from "@leftrail/testkit";
import type { TestProject } from "vitest/node";

/** One server for the whole run, with a migrated template that each suite clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestPostgres(process.env["TEST_DATABASE_URL"]);
  const template = await createTemplate(server.url, migrate);
  project.provide("postgres", { serverUrl: template.serverUrl, templateName: template.templateName });
  return async () => {
    await template[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  };
}
