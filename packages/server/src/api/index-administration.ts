/** The derived stores, built anew and compared with the record. */
import { RagError } from "@rag-personal/core";
import { z } from "zod";
import type { AppServices } from "../services.ts";
import { count, nothing } from "./fields.ts";
import { procedure } from "./procedure.ts";

const generation = z.object({ generation: count, embedderId: z.string(), dimensions: count });

const vectorStatus = z.object({
  state: z.enum(["waiting", "building", "serving", "away", "refused"]),
  problem: z.string().optional(),
  live: generation.optional(),
  previous: count.optional(),
  building: z.object({ generation: count, done: count, total: count }).optional(),
  chunks: count,
  missing: count.optional(),
});

const description = z.object({
  search: z.object({ documents: count, chunks: count, terms: count, termSpace: count, dimensions: count, generation: count }),
  vectors: vectorStatus.nullable(),
  reindex: z
    .object({
      state: z.enum(["running", "succeeded", "failed"]),
      startedAt: z.string(),
      finishedAt: z.string().nullable(),
      error: z.string().nullable(),
    })
    .nullable(),
});

const store = z.enum(["search index", "vectors", "embeddings", "collections"]);

const finding = z.object({
  store,
  kind: z.enum(["missing", "surplus", "unfindable", "unreachable", "refused"]),
  count,
  examples: z.array(z.string()),
});

const doctorReport = z.object({
  record: z.object({ documents: count, chunks: count }),
  examined: z.array(store),
  findings: z.array(finding),
  repaired: z.array(finding),
});

export function createIndexProcedures({ index }: Pick<AppServices, "index">) {
  return {
    describe: procedure({ operation: "index.read", input: nothing, output: description, run: async () => index.describe() }),
    reindex: procedure({ operation: "index.reindex", input: nothing, output: description, run: async () => index.reindex() }),
    switchBack: procedure({
      operation: "index.switchBack",
      input: nothing,
      output: z.object({ live: generation }),
      run: async () => ({ live: await index.switchBack() }),
    }),
    dropPrevious: procedure({
      operation: "index.dropPrevious",
      input: nothing,
      output: z.void(),
      async run() {
        if (!(await index.dropPrevious())) throw new RagError("not_found", "There is no previous generation of vectors.");
      },
    }),
    examine: procedure({ operation: "doctor.examine", input: nothing, output: doctorReport, run: () => index.examine({ repair: false }) }),
    repair: procedure({ operation: "doctor.repair", input: nothing, output: doctorReport, run: () => index.examine({ repair: true }) }),
  };
}
