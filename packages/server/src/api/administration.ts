/** Figures, and what an operator does by hand. */
import * as z from "zod";
import type { AppServices } from "../services.ts";
import { count, nothing } from "./fields.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const statistics = z
  .object({
    documents: count,
    chunks: count,
    terms: count,
    semanticDimensions: count,
    indexGeneration: count,
    feedback: z.object({ up: count, down: count }),
    answeredBy: z.string(),
    uptimeSeconds: count,
  })
  .register(schemaNames, { name: "Statistics" });

export function createAdministrationProcedures(services: Pick<AppServices, "statistics" | "resetBreaker" | "clearCache">) {
  return {
    statistics: procedure({ operation: "admin.stats", input: nothing, output: statistics, run: () => services.statistics() }),
    resetBreaker: procedure({
      operation: "breaker.reset",
      input: nothing,
      output: z.object({ state: z.enum(["CLOSED", "OPEN", "HALF_OPEN"]) }),
      run: async () => ({ state: services.resetBreaker() }),
    }),
    clearCache: procedure({
      operation: "cache.clear",
      input: nothing,
      output: z.object({ cleared: count }),
      run: async () => ({ cleared: await services.clearCache() }),
    }),
  };
}
