/** Errors of commands that do in this process what a server does in its own. */
import { RagError } from "@rag-personal/core";
import { ConfigError } from "../settings/config-error.ts";
import { CliError, EXIT } from "./exit-codes.ts";

/** @throws CliError in place of what the parts of a server throw for a setting that is wrong, and for a store that is away. */
export async function failOnServerErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(EXIT.usage, error.message, { cause: error });
    if (error instanceof RagError)
      throw new CliError(error.code === "store_unavailable" ? EXIT.unreachable : EXIT.failed, error.message, { cause: error });
    throw error;
  }
}
