/** `rag migrate`: the schema of `DATABASE_URL` brought up to this program, or only looked at. */
import { openSchema } from "../composition/schema.ts";
import { readProcessConfig } from "../config.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";

export interface MigrateOptions {
  readonly check: boolean;
}

/** @throws CliError without `DATABASE_URL`: a server brings its embedded database up to date itself. */
export async function runMigrate({ output }: Context, { check }: MigrateOptions): Promise<number> {
  const { DATABASE_URL: url, DATABASE_TIMEOUT_MS: timeoutMs } = readProcessConfig();
  if (url === undefined)
    throw new CliError(EXIT.usage, "DATABASE_URL is not set. The embedded database is brought up to date by the server, at its start.");
  const schema = openSchema({ url, timeoutMs });
  try {
    const { names, isCompatible } = await schema.pending();
    const state = names.length === 0 ? "current" : isCompatible ? "compatible" : "incompatible";
    if (check) {
      output.data({ state, pending: names }, () => [state, ...names].join("\n"));
      return EXIT.ok;
    }
    const applied = await schema.update();
    output.data({ applied, names }, () => (applied === 0 ? "the schema is up to date" : names.map((name) => `applied ${name}`).join("\n")));
    return EXIT.ok;
  } finally {
    await schema.close();
  }
}
