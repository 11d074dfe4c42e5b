/** One question through the pipeline: session, rewrite, cache, retrieve, gate, compose, generate, cite, remember. */
import type { Answer, AnswerEvent, AnswerPart, ConversationEvent, SearchFilters, SearchHit, SourceReference, Turn } from "../model.ts";
import type { CachedAnswer, OnStage } from "../ports.ts";
import { untilAborted } from "../resilience/until-aborted.ts";
import { computeCacheKey, computeSimilarKey } from "./cache-key.ts";
import { composeSources } from "./compose.ts";
import { judgeEvidence, type Verdict } from "./gate.ts";
import { analyseQuestion } from "./question.ts";
import { readAhead } from "./read-ahead.ts";
import { recallAnswerOrSimilar } from "./recall.ts";
import { REFUSAL, SOURCES_CHANGED, toNearMisses } from "./refusal.ts";
import { cacheAnswer, rememberTurn } from "./remember.ts";
import { retrievePassages } from "./retrieve.ts";
import { rewriteQuestion } from "./rewrite.ts";
import { createLocalInverseDocumentFrequency } from "./sentence-scores.ts";
import type { AnswerServices } from "./services.ts";
import { openSession } from "./session.ts";
import { createTiming, type Timing } from "./stopwatch.ts";
import { type EarlierExchange, turnsOfConversation } from "./told-conversation.ts";
import { type WrittenAnswer, writeAnswer } from "./write.ts";

interface Asked {
  /** Who asks; sessions and cached answers belong to one principal. */
  readonly principal: string;
  readonly question: string;
  readonly filters?: SearchFilters | undefined;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
  /** Follows this question through the pipeline. */
  readonly onStage?: OnStage | undefined;
}

export interface AnswerRequest extends Asked {
  /** Absent: a new session. */
  readonly sessionId?: string | undefined;
}

/** A question whose conversation comes with it. */
export interface ConversationRequest extends Asked {
  /** The oldest first. */
  readonly history: readonly EarlierExchange[];
}

/** What the steps after the rewrite share. */
interface Context extends Timing {
  readonly request: Asked;
  readonly services: AnswerServices;
  readonly standalone: string;
  readonly cacheKey: string;
  readonly similarKey: string | undefined;
}

type RefusedBy = Pick<WrittenAnswer, "text" | "answeredBy" | "degraded" | "haveSourcesChanged">;

const BY_GATE: RefusedBy = { text: "", answeredBy: { kind: "gate" }, degraded: false, haveSourcesChanged: false };

/** An answer but for what belongs to the session alone. */
type Outcome = CachedAnswer;

/**
 * Answers a question from the documents: emits `session`, `sources`, at least one `delta`, and `done`, whose answer is
 * what the deltas add up to. The turn is stored by the time of `done`.
 *
 * @throws RagError `not_found` before the first event for an unknown session; later those of the model and of the stores;
 * the reason of the request's signal.
 * @example
 * for await (const event of answerQuestion({ principal: "ada", question: "How long may I stay?", signal }, services)) {
 *   if (event.type === "delta") process.stdout.write(event.text);
 * }
 */
export async function* answerQuestion(request: AnswerRequest, services: AnswerServices): AsyncGenerator<AnswerEvent, void, undefined> {
  const timing = createTiming(services, request.onStage);
  const { timed } = timing;
  request.signal.throwIfAborted();
  const session = await timed("session", () => openSession(request.principal, request.sessionId, services));
  yield* countingFailures(request.signal, services, async function* () {
    yield { type: "session", sessionId: session.id };
    const { standalone, answer } = yield* answerAfter(session.turns, request, services, timing);
    const { question } = request;
    const isRemembered = await timed("remember", () => rememberTurn({ session, question, standalone, answer }, services));
    countAnswered(answer, services);
    yield { type: "done", answer: { ...answer, sessionId: session.id, degraded: answer.degraded || !isRemembered } };
  });
}

/**
 * Answers a question whose conversation comes with it, like {@link answerQuestion} but for the session: none is loaded, begun or
 * changed, and there is no `session` event.
 */
export async function* answerInConversation(
  request: ConversationRequest,
  services: AnswerServices,
): AsyncGenerator<ConversationEvent, void, undefined> {
  request.signal.throwIfAborted();
  const turns = turnsOfConversation(request.history, services.analyzer);
  yield* countingFailures(request.signal, services, async function* () {
    const { answer } = yield* answerAfter(turns, request, services, createTiming(services, request.onStage));
    countAnswered(answer, services);
    yield { type: "done", answer };
  });
}

async function* countingFailures<Event>(
  signal: AbortSignal,
  { telemetry }: AnswerServices,
  events: () => AsyncGenerator<Event, void, undefined>,
): AsyncGenerator<Event, void, undefined> {
  try {
    yield* events();
  } catch (error) {
    if (!signal.aborted) telemetry.answered("failed");
    throw error;
  }
}

/** All that lies between a conversation and its next turn: rewrites, recalls or answers, and keeps what may be given again. */
async function* answerAfter(
  turns: readonly Turn[],
  request: Asked,
  services: AnswerServices,
  timing: Timing,
): AsyncGenerator<AnswerPart, { readonly standalone: string; readonly answer: Omit<Answer, "sessionId"> }, undefined> {
  const { question, filters, signal } = request;
  const { timed } = timing;
  const standalone = await timed("rewrite", () => rewriteQuestion(question, turns, services.analyzer, services.model, signal));
  const keyParts = { ...request, standalone, filters };
  const cacheKey = await computeCacheKey(keyParts, services);
  const similarKey = services.similarQuestions && (await computeSimilarKey(keyParts, services));
  const context: Context = { request, services, ...timing, standalone, cacheKey, similarKey };
  const cached = await timed("cache", () => recallAnswerOrSimilar(cacheKey, similarKey, services));
  const { outcome, isNew } = cached === undefined ? yield* answerOnce(context) : yield* replay(cached.answer, cached.from, services);
  signal.throwIfAborted();
  const { standaloneQuestion: _, ...rest } = outcome.answer;
  const answer = { ...rest, ...(standalone === question ? {} : { standaloneQuestion: standalone }) };
  if (isNew) await cacheAnswer({ answer, sources: outcome.sources }, { cacheKey, similarKey }, services);
  return { standalone, answer };
}

function countAnswered(
  { answerable, answeredBy }: Pick<Answer, "answerable" | "answeredBy">,
  { telemetry }: Pick<AnswerServices, "telemetry">,
): void {
  telemetry.answered(!answerable ? "refused" : answeredBy.kind === "model" ? "model" : "extractive");
}

interface Found {
  readonly outcome: Outcome;
  /** False when it was made for an earlier question. */
  readonly isNew: boolean;
}

async function* replay(
  outcome: CachedAnswer,
  from: Parameters<AnswerServices["telemetry"]["cacheHit"]>[0],
  { telemetry }: AnswerServices,
): AsyncGenerator<AnswerPart, Found, undefined> {
  telemetry.cacheHit(from);
  yield { type: "sources", sources: outcome.sources };
  yield { type: "delta", text: outcome.answer.answer };
  return { outcome, isNew: false };
}

/** Answers anew, for whoever asks the same meanwhile too; or waits for the one who does. */
async function* answerOnce(context: Context): AsyncGenerator<AnswerPart, Found, undefined> {
  const { services, cacheKey, request } = context;
  const entry = services.flight.enter(cacheKey);
  if (entry.kind === "join") {
    const shared = await untilAborted(entry.answer, request.signal);
    if (shared !== undefined) return yield* replay(shared, "flight", services);
    // Nobody waits twice: what failed for one is tried by each, and the breaker knows when to stop them.
    return { outcome: yield* answerAnew(context), isNew: true };
  }
  // Whoever joined waits for the answer, not for the reader of the first one, who may be slow or gone.
  return { outcome: yield* readAhead(landWhenDone(answerAnew(context), entry.land)), isNew: true };
}

async function* landWhenDone(
  source: AsyncGenerator<AnswerPart, Outcome, undefined>,
  land: (outcome: Outcome | undefined) => void,
): AsyncGenerator<AnswerPart, Outcome, undefined> {
  let outcome: Outcome | undefined;
  try {
    outcome = yield* source;
    return outcome;
  } finally {
    // A degraded answer is what one had to make do with, not what the next must.
    land(outcome?.answer.degraded === false ? outcome : undefined);
  }
}

async function* answerAnew(context: Context): AsyncGenerator<AnswerPart, Outcome, undefined> {
  const { request, services, standalone, timed, report } = context;
  const { analyzer } = services;
  const question = analyseQuestion(request.question, standalone, analyzer);
  const retrieval = await timed("retrieve", () => retrievePassages(standalone, { ...request, timed }, services.retriever));
  const found = retrieval.hits;
  request.signal.throwIfAborted();
  const inverseDocumentFrequency = services.inverseDocumentFrequency ?? createLocalInverseDocumentFrequency(found, analyzer);
  const verdict = await timed("gate", () => judgeEvidence(question, found, analyzer, inverseDocumentFrequency));
  if (!verdict.isEnough) {
    yield { type: "sources", sources: [] };
    return yield* refuse([], found, verdict, { ...BY_GATE, degraded: retrieval.degraded });
  }
  const { hits, references } = await timed("compose", () => composeSources(found));
  yield { type: "sources", sources: references };
  const written = yield* writeAnswer({ standalone, question, hits, inverseDocumentFrequency, signal: request.signal, report }, services);
  const { text, answeredBy, citations } = written;
  const degraded = written.degraded || retrieval.degraded;
  if (!written.isAnswer) return yield* refuse(references, found, verdict, { ...written, degraded });
  return { answer: { answer: text, answerable: true, answeredBy, citations, nearMisses: [], degraded }, sources: references };
}

async function* refuse(
  sources: readonly SourceReference[],
  found: readonly SearchHit[],
  verdict: Verdict,
  { text, answeredBy, degraded, haveSourcesChanged }: RefusedBy,
): AsyncGenerator<AnswerPart, Outcome, undefined> {
  const answer = text === "" ? (haveSourcesChanged ? SOURCES_CHANGED : REFUSAL) : text;
  if (text === "") yield { type: "delta", text: answer };
  const nearMisses = toNearMisses(found, verdict.likelihoods);
  return { answer: { answer, answerable: false, answeredBy, citations: [], nearMisses, degraded: degraded || haveSourcesChanged }, sources };
}
