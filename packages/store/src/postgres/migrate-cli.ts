import { migrate } from "./migrate.ts";

/** `pnpm migrate`: brings the database of DATABASE_URL to the newest schema. */
const url = process.env["DATABASE_URL"] ?? "";
if (!URL.canParse(url) || !/^postgres(?:ql)?:$/.test(new URL(url).protocol)) {
  console.error(
    "DATABASE_URL must be a URL, for example DATABASE_URL=postgres://user:password@localhost:5432/leftrail",
  );
  process.exitCode = 1;
} else {
  try {
    const { output } = await migrate(url);
    console.log(output === "" ? "The schema is the newest already." : output);
  } catch (error) {
    console.error(error instanceof Error ? error.message : "The migration failed.");
    process.exitCode = 1;
  }
}
