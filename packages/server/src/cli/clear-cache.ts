/** `rag clear-cache`: cached answers are forgotten in Redis itself; sessions, limits and budgets stay. */
import pino from "pino";
import { clearCachedAnswers } from "../composition/cached-answers.ts";
import { readProcessConfig } from "../config.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { failOnServerErrors } from "./server-errors.ts";

export async function runClearCache({ output, stderr }: Context): Promise<number> {
  return await failOnServerErrors(async () => {
    const cleared = await clearCachedAnswers(readProcessConfig(), { log: pino({ level: "error" }, stderr) });
    if (cleared === undefined)
      throw new CliError(
        EXIT.usage,
        "No Redis is configured (REDIS_URL): the server keeps cached answers in memory. Clear them with: rag admin cache clear",
      );
    output.data({ cleared }, () => `${cleared} cached answers forgotten; servers forget their copies within a second`);
    return EXIT.ok;
  });
}
