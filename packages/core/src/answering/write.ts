/** Steps 8 and 9 together: the text of an answer as it is written and cited, by the model or, where it may, by quotes. */
import { type ErrorCode, RagError } from "../errors.ts";
import type { AnsweredBy, AnswerPart, Citation, SearchHit } from "../model.ts";
import type { OnStage } from "../ports.ts";
import { timeBinding } from "./binding-time.ts";
import { type CitationBinder, createCitationBinder } from "./citation-binder.ts";
import { citeModelText } from "./cite.ts";
import { composeMessages } from "./compose.ts";
import { chooseQuotes, citeQuotes } from "./extractive.ts";
import { generateText } from "./generate.ts";
import { createNoAnswerFilter } from "./no-answer.ts";
import type { AnalysedQuestion } from "./question.ts";
import type { InverseDocumentFrequency } from "./sentence-scores.ts";
import type { AnswerModel, AnswerServices } from "./services.ts";
import { createSupportFinder } from "./support.ts";
import { findSupportingSource } from "./supporting-source.ts";

export interface WriteInput {
  readonly standalone: string;
  readonly question: AnalysedQuestion;
  /** Source `n` is `hits[n - 1]`. */
  readonly hits: readonly SearchHit[];
  readonly inverseDocumentFrequency: InverseDocumentFrequency;
  readonly signal: AbortSignal;
  /** Told of `generate`, the whole of it, and of `cite`, the comparisons with the stored text put together. */
  readonly report: OnStage;
}

export interface WrittenAnswer {
  readonly text: string;
  /** False when the sources do not answer the question after all; `text` may then be what the model said about it. */
  readonly isAnswer: boolean;
  readonly citations: readonly Citation[];
  readonly answeredBy: AnsweredBy;
  readonly degraded: boolean;
  /** A quote was dropped because its document has changed since it was indexed. */
  readonly haveSourcesChanged: boolean;
}

type WriteServices = Pick<AnswerServices, "documents" | "telemetry" | "analyzer" | "newId" | "model" | "clock">;

/** The model is away or spent; the documents are not. */
const MODEL_FAILURES: ReadonlySet<ErrorCode> = new Set(["llm_circuit_open", "llm_failed", "llm_timeout", "rate_limited"]);

/**
 * Yields the text to be sent, piece by piece, as `delta` events.
 *
 * @throws RagError of the model, unless it failed before the first piece and the fallback is extractive.
 */
export async function* writeAnswer(input: WriteInput, services: WriteServices): AsyncGenerator<AnswerPart, WrittenAnswer, undefined> {
  const { clock } = services;
  const binder = timeBinding(createCitationBinder({ hits: input.hits, documents: services.documents, telemetry: services.telemetry }), clock);
  const begun = clock.monotonic();
  let hasFailed = true;
  try {
    const written = yield* writeWith(binder, input, services);
    hasFailed = false;
    return written;
  } finally {
    input.report("generate", begun, clock.monotonic(), hasFailed);
    binder.report(input.report);
  }
}

async function* writeWith(binder: CitationBinder, input: WriteInput, services: WriteServices): AsyncGenerator<AnswerPart, WrittenAnswer, undefined> {
  const { model } = services;
  if (model === undefined) return yield* writeQuotes(input, binder, services, false);
  let hasBegun = false;
  try {
    return yield* writeWithModel(input, binder, model, services, () => {
      hasBegun = true;
    });
  } catch (error) {
    const isAway = error instanceof RagError && MODEL_FAILURES.has(error.code);
    if (hasBegun || !isAway || model.fallback === "none" || input.signal.aborted) throw error;
  }
  return yield* writeQuotes(input, binder, services, true);
}

async function* writeQuotes(
  input: WriteInput,
  binder: CitationBinder,
  { analyzer }: WriteServices,
  isFallback: boolean,
): AsyncGenerator<AnswerPart, WrittenAnswer, undefined> {
  const quotes = chooseQuotes(input.question, input.hits, analyzer, input.inverseDocumentFrequency);
  const text = yield* collect(citeQuotes(quotes, binder));
  return toWritten(text, text !== "", { kind: "extractive" }, binder, isFallback);
}

async function* writeWithModel(
  input: WriteInput,
  binder: CitationBinder,
  model: AnswerModel,
  services: WriteServices,
  onPiece: () => void,
): AsyncGenerator<AnswerPart, WrittenAnswer, undefined> {
  let writer = model.chat.name;
  const secret = services.newId().replace(/[^\p{L}\p{N}]/gu, "");
  const messages = composeMessages(input.standalone, input.hits, secret);
  const findSupport = createSupportFinder(input.standalone, services.analyzer, input.inverseDocumentFrequency);
  const noAnswer = createNoAnswerFilter();
  const generated = generateText(messages, model, input.signal, (name) => {
    writer = name;
  });
  let text = yield* collect(citeModelText(noAnswer.pieces(generated), { hits: input.hits, binder, findSupport, secret }), onPiece);
  const answeredBy: AnsweredBy = { kind: "model", model: writer };
  if (binder.citations().length > 0) return toWritten(text, true, answeredBy, binder, false);
  if (text.trim() === "" || noAnswer.wasSaid()) return toWritten(text.trim() === "" ? "" : text, false, answeredBy, binder, false);
  // The model left out its markers: the sentence that bears out what it said is cited, if there is one.
  const number = findSupportingSource(text, input.hits, services.analyzer, input.inverseDocumentFrequency);
  const hit = number === undefined ? undefined : input.hits[number - 1];
  if (number !== undefined && hit !== undefined && (await binder.bind(number, findSupport(text, hit)))) {
    text += yield* collect(oneOf(` [${number}]`));
    return toWritten(text, true, answeredBy, binder, false);
  }
  // Nothing in the sources says so: the reader must know that this answer cannot be checked.
  return toWritten(text, true, answeredBy, binder, true);
}

function toWritten(text: string, isAnswer: boolean, answeredBy: AnsweredBy, binder: CitationBinder, isDegraded: boolean): WrittenAnswer {
  return {
    text,
    isAnswer,
    answeredBy,
    citations: binder.citations(),
    degraded: isDegraded || binder.isStoreAway(),
    haveSourcesChanged: binder.haveSourcesChanged(),
  };
}

async function* oneOf<T>(item: T): AsyncGenerator<T, void, undefined> {
  yield item;
}

async function* collect(pieces: AsyncIterable<string>, onPiece?: () => void): AsyncGenerator<AnswerPart, string, undefined> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    onPiece?.();
    yield { type: "delta", text: piece };
  }
  return text;
}
