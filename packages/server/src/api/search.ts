/** Retrieval alone: passages, best first. */
import { z } from "zod";
import type { AppServices } from "../services.ts";
import { count, filters, questionText, share } from "./fields.ts";
import { procedure } from "./procedure.ts";

const hit = z.object({
  documentId: z.string(),
  chunkId: z.string(),
  path: z.string(),
  title: z.string(),
  headingPath: z.array(z.string()),
  start: count,
  end: count,
  text: z.string(),
  score: share,
  /** With `explain`: each signal's part, 0..1. */
  explanation: z.record(z.string(), z.number()).optional(),
});

export function createSearchProcedures(services: Pick<AppServices, "search" | "limits">) {
  return {
    run: procedure({
      operation: "search.run",
      input: z.strictObject({
        query: questionText(services.limits.maxQuestionChars),
        limit: z.int().min(1).max(100).default(10),
        filters: filters.optional(),
        explain: z.boolean().default(false),
      }),
      output: z.object({ hits: z.array(hit), degraded: z.boolean() }),
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
