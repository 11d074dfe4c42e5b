/** Steps 8 and 9 together: the text of an answer as it is written and cited, by the model or, where it may, by quotes. */
import { type ErrorCode, RagError } from "../errors.ts";
import type { AnswerEvent, AnsweredBy, Citation, SearchHit } from "../model.ts";
import { type CitationBinder, createCitationBinder } from "./citation-binder.ts";
import { citeModelText } from "./cite.ts";
import { composeMessages } from "./compose.ts";
import { chooseQuotes, citeQuotes } from "./extractive.ts";
import { generateText } from "./generate.ts";
import { NO_ANSWER } from "./prompt.ts";
import type { AnalysedQuestion } from "./question.ts";
import type { InverseDocumentFrequency } from "./sentence-scores.ts";
import type { AnswerModel, AnswerServices } from "./services.ts";
import { createSupportFinder } from "./support.ts";

export interface WriteInput {
  readonly standalone: string;
  readonly question: AnalysedQuestion;
  /** Source `n` is `hits[n - 1]`. */
  readonly hits: readonly SearchHit[];
  readonly inverseDocumentFrequency: InverseDocumentFrequency;
  readonly signal: AbortSignal;
}

export interface WrittenAnswer {
  readonly text: string;
  readonly citations: readonly Citation[];
  readonly answeredBy: AnsweredBy;
  readonly degraded: boolean;
}

type WriteServices = Pick<AnswerServices, "documents" | "telemetry" | "analyzer" | "newId" | "model">;

/** The model is away or spent; the documents are not. */
const MODEL_FAILURES: ReadonlySet<ErrorCode> = new Set(["llm_circuit_open", "llm_failed", "llm_timeout", "rate_limited"]);

/**
 * Yields the text to be sent, piece by piece, as `delta` events.
 *
 * @returns the whole; an empty text means that the sources do not answer the question after all.
 * @throws RagError of the model, unless it failed before the first piece and the fallback is extractive.
 */
export async function* writeAnswer(input: WriteInput, services: WriteServices): AsyncGenerator<AnswerEvent, WrittenAnswer, undefined> {
  const { model } = services;
  const binder = createCitationBinder({ hits: input.hits, documents: services.documents, telemetry: services.telemetry });
  if (model === undefined) {
    const text = yield* collect(quoteSources(input, binder, services));
    return { text, citations: binder.citations(), answeredBy: { kind: "extractive" }, degraded: binder.isStoreAway() };
  }
  let hasBegun = false;
  let writer = model.chat.name;
  const pieces = writeWithModel(input, binder, model, services, (name) => {
    writer = name;
  });
  try {
    const text = yield* collect(pieces, () => {
      hasBegun = true;
    });
    return { text, citations: binder.citations(), answeredBy: { kind: "model", model: writer }, degraded: binder.isStoreAway() };
  } catch (error) {
    const isAway = error instanceof RagError && MODEL_FAILURES.has(error.code);
    if (hasBegun || !isAway || model.fallback === "none" || input.signal.aborted) throw error;
  }
  const text = yield* collect(quoteSources(input, binder, services));
  return { text, citations: binder.citations(), answeredBy: { kind: "extractive" }, degraded: true };
}

async function* collect(pieces: AsyncIterable<string>, onPiece?: () => void): AsyncGenerator<AnswerEvent, string, undefined> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    onPiece?.();
    yield { type: "delta", text: piece };
  }
  return text;
}

function quoteSources(input: WriteInput, binder: CitationBinder, { analyzer }: WriteServices): AsyncIterable<string> {
  return citeQuotes(chooseQuotes(input.question, input.hits, analyzer, input.inverseDocumentFrequency), binder);
}

function writeWithModel(
  input: WriteInput,
  binder: CitationBinder,
  model: AnswerModel,
  services: WriteServices,
  onWriter: (name: string) => void,
): AsyncIterable<string> {
  const secret = services.newId().replace(/[^\p{L}\p{N}]/gu, "");
  const messages = composeMessages(input.standalone, input.hits, secret);
  const findSupport = createSupportFinder(input.standalone, services.analyzer, input.inverseDocumentFrequency);
  return citeModelText(withoutNoAnswer(generateText(messages, model, input.signal, onWriter)), { hits: input.hits, binder, findSupport, secret });
}

/** Nothing at all when the model says that the sources do not hold the answer. */
async function* withoutNoAnswer(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let held: string | undefined = "";
  for await (const piece of pieces) {
    if (held === undefined) {
      yield piece;
      continue;
    }
    held += piece;
    const begun = held.trimStart();
    if (NO_ANSWER.startsWith(begun.slice(0, NO_ANSWER.length))) continue;
    yield held;
    held = undefined;
  }
  if (held !== undefined && !held.trimStart().startsWith(NO_ANSWER)) yield held;
}
