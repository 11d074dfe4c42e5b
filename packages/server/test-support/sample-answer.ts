/** A finished answer with one citation, as core gives it. */
import type { Answer } from "@rag-personal/core";

export function sampleAnswer(headingPath: readonly string[] = []): Omit<Answer, "sessionId"> {
  return {
    answer: "She built it [1].",
    answerable: true,
    answeredBy: { kind: "extractive" },
    citations: [
      {
        number: 1,
        documentId: "doc_1",
        chunkId: "doc_1.0",
        contentHash: "",
        path: "ada.md",
        title: "Ada",
        headingPath,
        start: 0,
        end: 13,
        quote: "She built it.",
        score: 1,
      },
    ],
    nearMisses: [],
    degraded: false,
  };
}
