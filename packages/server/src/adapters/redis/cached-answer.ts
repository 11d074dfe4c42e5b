/** What a cached answer must look like when it comes back from outside. */
import type { CachedAnswer } from "@rag-personal/core";
import * as z from "zod";

const span = {
  documentId: z.string(),
  path: z.string(),
  title: z.string(),
  headingPath: z.array(z.string()),
  score: z.number(),
};

export const cachedAnswer = z.object({
  answer: z.object({
    answer: z.string(),
    answerable: z.boolean(),
    answeredBy: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("extractive") }),
      z.object({ kind: z.literal("model"), model: z.string() }),
      z.object({ kind: z.literal("gate") }),
    ]),
    citations: z.array(
      z.object({ ...span, number: z.int(), chunkId: z.string(), contentHash: z.string(), start: z.int(), end: z.int(), quote: z.string() }),
    ),
    nearMisses: z.array(z.object({ ...span, start: z.int(), end: z.int(), text: z.string() })),
    degraded: z.boolean(),
    standaloneQuestion: z.string().exactOptional(),
  }),
  sources: z.array(z.object({ ...span, number: z.int() })),
}) satisfies z.ZodType<CachedAnswer>;
