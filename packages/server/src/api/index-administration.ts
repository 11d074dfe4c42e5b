/** The derived stores, built anew and compared with the record. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import type { AppServices } from "../services.ts";
import { count, nothing } from "./fields.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const generation = z
  .object({ generation: count, embedderId: z.string(), dimensions: count })
  .describe("Vectors of all chunks, made with one model.")
  .register(schemaNames, { name: "VectorGeneration" });

const vectorStatus = z
  .object({
    state: z
      .enum(["waiting", "building", "serving", "away", "refused"])
      .describe("`away`: the store fails. `refused`: the vectors were made with another model than the one that is configured."),
    problem: z.string().optional().describe("What is wrong, and the way out."),
    live: generation.optional(),
    previous: count.optional().describe("The generation that can be gone back to."),
    building: z.object({ generation: count, done: count, total: count }).optional(),
    chunks: count,
    missing: count.optional().describe("Chunks without a vector."),
  })
  .register(schemaNames, { name: "VectorStatus" });

const description = z
  .object({
    search: z.object({ documents: count, chunks: count, terms: count, termSpace: count, dimensions: count, generation: count }),
    vectors: vectorStatus.nullable().describe("Null where neither `CHROMA_URL` nor `EMBEDDING_MODEL` is set."),
    reindex: z
      .object({
        state: z.enum(["running", "succeeded", "failed"]),
        startedAt: z.string(),
        finishedAt: z.string().nullable(),
        error: z.string().nullable(),
      })
      .nullable()
      .describe("The last time the vectors were built anew by hand."),
  })
  .register(schemaNames, { name: "IndexDescription" });

const store = z.enum(["search index", "vectors", "embeddings", "collections"]);

const finding = z
  .object({
    store,
    kind: z.enum(["missing", "surplus", "unfindable", "unreachable", "refused"]),
    count,
    examples: z.array(z.string()).describe("A few of them, to look at."),
  })
  .describe("One way in which a store differs from the record.")
  .register(schemaNames, { name: "Finding" });

const doctorReport = z
  .object({
    record: z.object({ documents: count, chunks: count }),
    examined: z.array(store).describe("Stores that were compared."),
    findings: z.array(finding).describe("What differs, after the repair if there was one; empty when all is well."),
    repaired: z.array(finding).describe("What a repair found."),
  })
  .register(schemaNames, { name: "DoctorReport" });

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
