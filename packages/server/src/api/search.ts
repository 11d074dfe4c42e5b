/** Retrieval alone: passages, best first. */
import * as z from "zod";
import type { AppServices } from "../services.ts";
import { filters, offset, questionText, share } from "./fields.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const hit = z
  .object({
    documentId: z.string(),
    chunkId: z.string(),
    path: z.string(),
    title: z.string(),
    headingPath: z.array(z.string()),
    start: offset("Where it begins"),
    end: offset("Where it ends"),
    text: z.string(),
    score: share.describe("Compares within one response only."),
    explanation: z.record(z.string(), z.number()).optional().describe("With `explain`: each signal's part, 0..1."),
  })
  .register(schemaNames, { name: "SearchHit" });

export function createSearchProcedures(services: Pick<AppServices, "search" | "limits">) {
  return {
    run: procedure({
      operation: "search.run",
      input: z
        .strictObject({
          query: questionText(services.limits.maxQuestionChars),
          limit: z.int().min(1).max(100).default(10).describe("Hits at most."),
          filters: filters.optional(),
          explain: z.boolean().default(false).describe("Tells the signals behind each score."),
        })
        .register(schemaNames, { name: "SearchRequest" }),
      output: z
        .object({
          hits: z.array(hit).describe("Best first; empty when nothing fits."),
          degraded: z.boolean().describe("Whether a configured model or the vector store was away, and did without."),
        })
        .register(schemaNames, { name: "SearchResult" }),
      async run({ query, ...options }, { principal, signal }) {
        const found = await services.search(principal, query, { ...options, signal });
        const hits = found.hits.map(({ chunk, score, explanation }) => ({
          documentId: chunk.documentId,
          chunkId: chunk.id,
          path: chunk.path,
          title: chunk.title,
          headingPath: chunk.headingPath,
          start: chunk.start,
          end: chunk.end,
          text: chunk.text,
          score,
          ...(explanation === undefined ? {} : { explanation: explanation.signals }),
        }));
        return { hits, degraded: found.degraded };
      },
    }),
  };
}
