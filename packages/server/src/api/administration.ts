/** Figures, and what an operator does by hand. */
import * as z from "zod";
import type { AppServices } from "../services.ts";
import { count, nothing, yesOrNo } from "./fields.ts";
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

/** It may be left out as a whole, as by clients that know no choice. */
const backupRequest = z.strictObject({ withoutSessions: yesOrNo.default(false) }).optional();

const backup = z
  .object({
    name: z.string(),
    path: z.string(),
    snapshotAt: z.iso.datetime(),
    sizeBytes: count,
    durationSeconds: z.number().min(0),
    recordSeconds: z.number().min(0),
    rows: count,
    sessions: count.nullable(),
    encryption: z.enum(["none", "age"]),
    isOpened: z.boolean(),
    isCopied: z.boolean().nullable(),
    removed: z.array(z.string()),
    problems: z.array(z.string()),
  })
  .register(schemaNames, { name: "Backup" });

export function createAdministrationProcedures(services: Pick<AppServices, "statistics" | "takeBackup" | "resetBreaker" | "clearCache">) {
  return {
    takeBackup: procedure({
      operation: "admin.backup",
      input: backupRequest,
      output: backup,
      run: (request) => services.takeBackup({ withoutSessions: request?.withoutSessions ?? false }),
    }),
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
