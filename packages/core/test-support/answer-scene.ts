/** A small library with everything the answer pipeline needs: the real index and stores, a scripted model, a recorder. */
import { createHash } from "node:crypto";
import { answerQuestion } from "../src/answering/answer.ts";
import { createResponseCache } from "../src/answering/response-cache.ts";
import type { AnswerModel, AnswerServices } from "../src/answering/services.ts";
import { createSingleFlight } from "../src/answering/single-flight.ts";
import { createTurnQueue } from "../src/answering/turn-queue.ts";
import { chunkDocument } from "../src/chunking/chunk-document.ts";
import type { Answer, AnswerEvent, IndexedChunk, SearchHit, StoredDocument } from "../src/model.ts";
import type { ChatMessage, ChatModel, Clock, OnStage } from "../src/ports.ts";
import { createCircuitBreaker } from "../src/resilience/breaker.ts";
import { createCallBudget } from "../src/resilience/call-budget.ts";
import { createCallWindow } from "../src/resilience/call-window.ts";
import { createHybridIndex, type HybridIndex } from "../src/retrieval/hybrid-index.ts";
import { createRetriever } from "../src/retrieval/retriever.ts";
import { createMemorySessionStore } from "../src/sessions/memory-session-store.ts";
import { createAnalyzer } from "../src/text/analyzer.ts";
import { createFakeTime } from "./fake-time.ts";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Title and text of each document. */
export const LIBRARY: Readonly<Record<string, string>> = {
  "Madame Bovary":
    "Madame Bovary is a novel that was published in 1857. It was written by Gustave Flaubert, who worked on it for five years. The novel was put on trial for obscenity.",
  "Gustave Flaubert": "Gustave Flaubert was born in Rouen in 1821. He studied law in Paris and died in Croisset in 1880.",
  "Eiffel Tower":
    "The Eiffel Tower stands on the Champ de Mars in Paris. It was completed in March 1889 and is 330 metres tall. Seven million people visit the tower every year.",
  "Barn owl":
    "The barn owl hunts voles and mice at night. Its hearing is so good that it catches prey in complete darkness. A pair raises four to six young.",
  "Sourdough bread":
    "A sourdough starter is a mixture of flour and water that wild yeast ferments. Feed the starter every twelve hours. Bake the loaf at 230 degrees.",
  "Glacier moraine": "A moraine is a heap of rock debris left behind by a glacier. Terminal moraines mark the furthest advance of the ice.",
  "Tea ceremony": "The Japanese tea ceremony is a ritual of preparing powdered green tea. The host whisks the tea with a bamboo whisk called chasen.",
  "Bicycle brakes": "Disc brakes on a bicycle need new pads after about one thousand kilometres. Rim brakes wear the wheel itself.",
  "Tidal power": "A tidal power station uses the rise and fall of the sea. The station at La Rance has produced electricity since 1966.",
  "Chess openings": "The Sicilian Defence begins with the moves e4 c5. It is the most popular reply to the king's pawn.",
};

export interface LibraryScene {
  readonly index: HybridIndex;
  readonly documents: Map<string, StoredDocument>;
  /** Replaces the stored text alone, as if the index had not been refreshed yet. */
  changeStoredText(title: string, text: string): void;
}

export function toStoredDocument(title: string, text: string): StoredDocument {
  return {
    id: `doc_${sha256(title).slice(0, 24)}`,
    path: `${title.toLowerCase().replaceAll(" ", "-")}.txt`,
    title,
    format: "text",
    contentHash: sha256(text),
    sourceHash: sha256(text),
    sizeBytes: text.length,
    updatedAtMs: 0,
    text,
  };
}

function toIndexedChunks(document: StoredDocument): IndexedChunk[] {
  return chunkDocument(document).map(({ start, end, headingPath }, ordinal) => ({
    id: `${document.id}.${document.contentHash.slice(0, 8)}.${ordinal}`,
    documentId: document.id,
    ordinal,
    start,
    end,
    headingPath,
    text: document.text.slice(start, end),
    path: document.path,
    title: document.title,
    contentHash: document.contentHash,
  }));
}

export async function createLibrary(texts: Readonly<Record<string, string>> = LIBRARY): Promise<LibraryScene> {
  const index = createHybridIndex();
  const documents = new Map<string, StoredDocument>();
  for (const [title, text] of Object.entries(texts)) {
    const document = toStoredDocument(title, text);
    documents.set(document.id, document);
    index.upsertDocument(toIndexedChunks(document));
  }
  await index.refresh();
  return {
    index,
    documents,
    changeStoredText(title, text) {
      const document = toStoredDocument(title, text);
      documents.set(document.id, document);
    },
  };
}

/** A hit on a whole text, as a retriever would give it. */
export function toHit(title: string, text: string, score = 1): SearchHit {
  const [chunk] = toIndexedChunks(toStoredDocument(title, text));
  if (chunk === undefined) throw new Error("a text without chunks");
  return { chunk, score, evidence: { termCoverage: 1, phraseCoverage: 1, semanticSimilarity: 1, knownTerms: 1 } };
}

/** What a scripted model does at one call: stream pieces, or stream some and throw. */
export type Script = readonly (string | Error)[];

export interface ScriptedModel extends ChatModel {
  readonly calls: readonly (readonly ChatMessage[])[];
}

/** Answers the calls in order; the last script serves all further ones. */
export function createScriptedModel(...scripts: readonly (Script | ((messages: readonly ChatMessage[]) => Script))[]): ScriptedModel {
  const calls: (readonly ChatMessage[])[] = [];
  return {
    name: "scripted-1",
    calls,
    async *stream(messages) {
      const script = scripts[Math.min(calls.length, scripts.length - 1)] ?? [];
      calls.push(messages);
      for (const piece of typeof script === "function" ? script(messages) : script) {
        if (piece instanceof Error) throw piece;
        yield piece;
      }
    },
  };
}

export interface Recorder {
  readonly outcomes: string[];
  readonly stages: Map<string, number>;
  dropped: number;
  cacheHits: number;
  /** Of each hit that did not come from the very same question. */
  readonly cacheKinds: string[];
}

export interface Scene {
  readonly services: AnswerServices;
  readonly recorder: Recorder;
  /** Asks and collects; `answer` is that of `done`. */
  ask(
    question: string,
    options?: { readonly sessionId?: string; readonly principal?: string; readonly signal?: AbortSignal; readonly onStage?: OnStage },
  ): Promise<Asked>;
}

export interface Asked {
  readonly events: readonly AnswerEvent[];
  readonly answer: Answer;
}

const STILL: Clock = { now: () => 1_700_000_000_000, monotonic: () => 0 };

/** Guards a model with a fresh breaker and budget. */
export function guard(chat: ChatModel, overrides: Partial<AnswerModel> = {}): AnswerModel {
  return {
    chat,
    breaker: createCircuitBreaker({ clock: STILL }),
    budget: createCallBudget({ window: createCallWindow({ clock: STILL }), clock: STILL, timers: createFakeTime().timers }),
    fallback: "none",
    maxTokens: 512,
    ...overrides,
  };
}

export function createScene(library: LibraryScene, overrides: Partial<AnswerServices> = {}): Scene {
  const recorder: Recorder = { outcomes: [], stages: new Map(), dropped: 0, cacheHits: 0, cacheKinds: [] };
  let ids = 0;
  const services: AnswerServices = {
    retriever: createRetriever({ index: library.index }),
    documents: { getDocument: async (id) => library.documents.get(id) },
    sessions: createMemorySessionStore(),
    cache: createResponseCache({ maxEntries: 100, clock: STILL }),
    turns: createTurnQueue(),
    flight: createSingleFlight(),
    telemetry: {
      stage: (stage, durationMs) => void recorder.stages.set(stage, durationMs),
      citationDropped() {
        recorder.dropped += 1;
      },
      cacheHit(kind) {
        recorder.cacheHits += 1;
        if (kind === "similar") recorder.cacheKinds.push(kind);
      },
      answered: (outcome) => void recorder.outcomes.push(outcome),
    },
    clock: STILL,
    newId() {
      ids += 1;
      return sha256(`id ${ids}`).slice(0, 32);
    },
    digest: sha256,
    analyzer: createAnalyzer(),
    indexFingerprint: () => library.index.fingerprint(),
    limits: { maxTurns: 50, maxChars: 100_000, sessionsPerPrincipal: 100 },
    ...overrides,
  };
  return {
    services,
    recorder,
    async ask(question, { sessionId, principal = "ada", signal = new AbortController().signal, onStage } = {}) {
      const events: AnswerEvent[] = [];
      for await (const event of answerQuestion({ principal, question, sessionId, signal, onStage }, services)) events.push(event);
      const last = events.at(-1);
      if (last?.type !== "done") throw new Error("the answer did not end with done");
      return { events, answer: last.answer };
    },
  };
}
