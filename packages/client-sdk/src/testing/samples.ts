/** Answers and events as a server would give them, for tests that care about a few of their fields. */
import type { IngestionJob } from "../ingestion/job.ts";
import type { Answer, AnswerContent, AnswerEvent, AnswerWriter, SourceReference } from "../model.ts";

const SOURCE: SourceReference = {
  number: 1,
  documentId: "doc_0123456789abcdef01234567",
  path: "guide/warranty.md",
  title: "Warranty",
  headingPath: ["Warranty", "Duration"],
  score: 0.82,
};

const CONTENT: AnswerContent = {
  answer: "The warranty lasts two years. [1]",
  answerable: true,
  citations: [
    {
      ...SOURCE,
      chunkId: `${SOURCE.documentId}.9f86d081.0`,
      contentHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      start: 24,
      end: 53,
      quote: "The warranty lasts two years.",
    },
  ],
  nearMisses: [],
  sessionId: "session-1",
  degraded: false,
  requestId: "request-1",
};

/** An answer with one citation, quoted from the documents unless `writer` says otherwise. */
export function sampleAnswer(changes: Partial<AnswerContent> = {}, writer: AnswerWriter = { answeredBy: "extractive" }): Answer {
  return { ...CONTENT, ...changes, ...writer };
}

/** The events that lead to an answer, its text in `pieces`. */
export function sampleEvents(answer: Answer = sampleAnswer(), pieces: readonly string[] = answer.answer.split(/(?<= )/)): AnswerEvent[] {
  const sources = answer.citations.map(({ number, documentId, path, title, headingPath, score }) => {
    return { number, documentId, path, title, headingPath, score };
  });
  return [
    { type: "session", sessionId: answer.sessionId },
    { type: "sources", sources },
    ...pieces.map((text) => ({ type: "delta", text }) as const),
    { type: "done", answer },
  ];
}

/** An ingestion that has added one file. */
export function sampleJob(changes: Partial<IngestionJob> = {}): IngestionJob {
  return {
    id: "job-1",
    state: "succeeded",
    startedAt: "2026-11-24T09:00:00.000Z",
    finishedAt: "2026-11-24T09:00:01.000Z",
    progress: { done: 1, total: 1 },
    counts: { added: 1, changed: 0, removed: 0, unchanged: 0, failed: 0 },
    files: [{ path: "guide/warranty.md", outcome: "added", chunks: 1 }],
    error: null,
    ...changes,
  };
}
