/** Reading the documents folder again, and following how far it is. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import { confineJob, confineJobEvents } from "../confinement.ts";
import type { AppServices } from "../services.ts";
import { decodeTimedCursor, encodeTimedCursor } from "./cursor.ts";
import { byId, count, isoTime, nothing, page } from "./fields.ts";
import { procedure, streamProcedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

export const progress = z.object({ done: count, total: count }).describe("Files.").register(schemaNames, { name: "IngestionProgress" });

export const fileResult = z
  .object({
    path: z.string(),
    outcome: z.enum(["added", "changed", "removed", "unchanged", "failed"]),
    chunks: count.optional().describe("Of a file that was added or changed."),
    stage: z.string().optional().describe("Where a file failed."),
    reason: z.string().optional().describe("Why a file failed."),
    keptEarlierVersion: z.boolean().optional().describe("Whether what was stored of a file that failed is still there."),
  })
  .register(schemaNames, { name: "FileResult" });

const jobState = z.enum(["running", "succeeded", "failed", "interrupted"]);

const summary = {
  id: z.string(),
  state: jobState.describe("`succeeded`: the folder was gone through. `interrupted`: the server stopped, and finished the work at its next start."),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  progress,
  counts: z.object({ added: count, changed: count, removed: count, unchanged: count, failed: count }),
  error: z.string().nullable().describe("Why the job failed."),
};

export const job = z
  .object({ ...summary, files: z.array(fileResult).describe("Those that were not simply unchanged.") })
  .register(schemaNames, { name: "IngestionJob" });

const jobSummary = z.object(summary).describe("A job without what became of single files.").register(schemaNames, { name: "IngestionJobSummary" });

/** The state of the job now, each file as it is done, and the end. */
const jobEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("job"), job }),
  z.object({ type: z.literal("file"), file: fileResult }),
  z.object({ type: z.literal("progress"), progress }),
  z.object({ type: z.literal("done"), job }),
]);

const noJob = (): RagError => new RagError("not_found", "There is no ingestion job with this id. Start one with POST /ingest.");

export function createIngestionProcedures({ ingestion }: Pick<AppServices, "ingestion">) {
  return {
    start: procedure({
      operation: "ingest.start",
      input: nothing,
      output: job,
      run: async (_, { principal }) => confineJob(principal, await ingestion.start()),
    }),
    get: procedure({
      operation: "ingest.read",
      input: byId,
      output: job,
      async run({ id }, { principal }) {
        const found = await ingestion.get(id);
        if (found === undefined) throw noJob();
        return confineJob(principal, found);
      },
    }),
    list: procedure({
      operation: "ingest.read",
      input: z.strictObject({ ...page, state: jobState.optional().describe("Only jobs in this state.") }),
      output: z.object({ jobs: z.array(jobSummary), nextCursor: z.string().nullable() }),
      async run({ limit, cursor, state }) {
        const after = cursor === undefined ? undefined : decodeTimedCursor(cursor);
        // One more tells whether there is another page.
        const found = await ingestion.list({ limit: limit + 1, state, after: after && { id: after.id, startedAt: isoTime(after.atMs) } });
        const jobs = found.slice(0, limit);
        const last = found.length > limit ? jobs.at(-1) : undefined;
        return { jobs, nextCursor: last === undefined ? null : encodeTimedCursor({ id: last.id, atMs: Date.parse(last.startedAt) }) };
      },
    }),
    events: streamProcedure({
      operation: "ingest.read",
      input: byId,
      event: jobEvent,
      async *run({ id }, { principal, signal }) {
        if ((await ingestion.get(id)) === undefined) throw noJob();
        yield* confineJobEvents(principal, ingestion.follow(id, signal));
      },
    }),
  };
}
