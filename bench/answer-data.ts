/** Question-answering data sets, and a library that answers from their documents through core alone. */
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { answerQuestion } from "../packages/core/src/answering/answer.ts";
import { createResponseCache } from "../packages/core/src/answering/response-cache.ts";
import type { AnswerServices } from "../packages/core/src/answering/services.ts";
import { createSingleFlight } from "../packages/core/src/answering/single-flight.ts";
import { createTurnQueue } from "../packages/core/src/answering/turn-queue.ts";
import { chunkDocument } from "../packages/core/src/chunking/chunk-document.ts";
import type { Answer, DocumentFormat, IndexedChunk, StoredDocument } from "../packages/core/src/model.ts";
import { createHybridIndex, type HybridIndex } from "../packages/core/src/retrieval/hybrid-index.ts";
import { createRetriever } from "../packages/core/src/retrieval/retriever.ts";
import { createMemorySessionStore } from "../packages/core/src/sessions/memory-session-store.ts";
import { type Analyzer, createAnalyzer } from "../packages/core/src/text/analyzer.ts";

export interface SourceText {
  /** Becomes the document's id and path. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly format: DocumentFormat;
}

export interface Question {
  readonly text: string;
  /** Ids of the documents that answer it. */
  readonly documents: readonly string[];
  /** Answers as strings; empty where the set has none. */
  readonly answers: readonly string[];
}

export interface Library {
  readonly index: HybridIndex;
  readonly analyzer: Analyzer;
  ask(question: string): Promise<Answer>;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export async function createLibrary(sources: readonly SourceText[]): Promise<Library> {
  const analyzer = createAnalyzer();
  const index = createHybridIndex({ analyzer });
  const documents = new Map<string, StoredDocument>();
  for (const source of sources) {
    const { id, title, text, format } = source;
    const contentHash = sha256(text);
    documents.set(id, { ...source, path: id, contentHash, sourceHash: contentHash, sizeBytes: Buffer.byteLength(text), updatedAtMs: 0 });
    const chunks = chunkDocument({ text, format }).map(
      (span, ordinal): IndexedChunk => ({
        ...span,
        id: `${id}.${ordinal}`,
        documentId: id,
        ordinal,
        text: text.slice(span.start, span.end),
        path: id,
        title,
        contentHash,
      }),
    );
    index.upsertDocument(chunks);
  }
  await index.refresh();
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const services: AnswerServices = {
    retriever: createRetriever({ index }),
    documents: { getDocument: async (id) => documents.get(id) },
    sessions: createMemorySessionStore({ maxSessions: 1 }),
    cache: createResponseCache({ maxEntries: 1, clock }),
    turns: createTurnQueue(),
    flight: createSingleFlight(),
    telemetry: { stage() {}, citationDropped() {}, cacheHit() {}, answered() {} },
    clock,
    newId: randomUUID,
    digest: sha256,
    analyzer,
    indexFingerprint: () => index.fingerprint(),
    inverseDocumentFrequency: (term) => index.inverseDocumentFrequency(term),
    limits: { maxTurns: 1, maxChars: 100_000, sessionsPerPrincipal: 1 },
  };
  const { signal } = new AbortController();
  return {
    index,
    analyzer,
    async ask(question) {
      for await (const event of answerQuestion({ principal: "bench", question, signal }, services)) if (event.type === "done") return event.answer;
      throw new Error(`No answer to "${question}"`);
    },
  };
}

/** The documents of a set in BEIR layout. */
export function loadSources(folder: string, name: string): SourceText[] {
  return readLines(join(folder, name, "corpus.jsonl")).map((line) => {
    const record = parseRecord(line);
    return { id: text(record, "_id"), title: text(record, "title"), text: text(record, "text"), format: "text" };
  });
}

/** The questions of a set with gold answers. */
export function loadQuestions(folder: string, name: string): Question[] {
  return readLines(join(folder, name, "qa.jsonl")).map((line) => {
    const record = parseRecord(line);
    return { text: text(record, "question"), documents: texts(record, "evidence_doc_ids"), answers: texts(record, "answers") };
  });
}

/** The queries of a set in BEIR layout; with a split, those judged in it. */
export function loadQueries(folder: string, name: string, split?: "train" | "test"): string[] {
  const judged =
    split === undefined ? undefined : new Set(readLines(join(folder, name, "qrels", `${split}.tsv`)).map((line) => line.split("\t", 1)[0] ?? ""));
  return readLines(join(folder, name, "queries.jsonl"))
    .map(parseRecord)
    .filter((record) => judged === undefined || judged.has(text(record, "_id")))
    .map((record) => text(record, "text"));
}

export function readLines(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

export function parseRecord(line: string): object {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null) throw new Error(`Not a record: ${line.slice(0, 80)}`);
  return record;
}

export function text(record: object, name: string): string {
  const value: unknown = Reflect.get(record, name);
  return typeof value === "string" ? value : "";
}

export function texts(record: object, name: string): string[] {
  const value: unknown = Reflect.get(record, name);
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
