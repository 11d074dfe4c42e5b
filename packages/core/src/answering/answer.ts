/** One question through the pipeline: session, rewrite, cache, retrieve, gate, compose, generate, cite, remember. */
import type { Answer, AnswerEvent, SearchFilters, SearchHit, Session, SourceReference } from "../model.ts";
import type { CachedAnswer } from "../ports.ts";
import { untilAborted } from "../resilience/until-aborted.ts";
import { computeCacheKey, computeSimilarKey } from "./cache-key.ts";
import { composeSources } from "./compose.ts";
import { judgeEvidence, type Verdict } from "./gate.ts";
import { analyseQuestion } from "./question.ts";
import { readAhead } from "./read-ahead.ts";
import { recallAnswerOrSimilar } from "./recall.ts";
import { REFUSAL, SOURCES_CHANGED, toNearMisses } from "./refusal.ts";
import { rememberAnswer } from "./remember.ts";
import { retrievePassages } from "./retrieve.ts";
import { rewriteQuestion } from "./rewrite.ts";
import { createLocalInverseDocumentFrequency } from "./sentence-scores.ts";
import type { AnswerServices } from "./services.ts";
import { openSession } from "./session.ts";
import { createStopwatch, type Stopwatch } from "./stopwatch.ts";
import { type WrittenAnswer, writeAnswer } from "./write.ts";

export interface AnswerRequest {
  /** Who asks; sessions and cached answers belong to one principal. */
  readonly principal: string;
  readonly question: string;
  /** Absent: a new session. */
  readonly sessionId?: string | undefined;
  readonly filters?: SearchFilters | undefined;
  /** Aborted when the client has left. */
  readonly signal: AbortSignal;
}

/** What the steps after the rewrite share. */
interface Context {
  readonly request: AnswerRequest;
  readonly services: AnswerServices;
  readonly timed: Stopwatch;
  readonly session: Session;
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
  const { signal } = request;
  const timed = createStopwatch(services);
  signal.throwIfAborted();
  const session = await timed("session", () => openSession(request.principal, request.sessionId, services));
  try {
    yield { type: "session", sessionId: session.id };
    const standalone = await timed("rewrite", () => rewriteQuestion(request.question, session.turns, services.analyzer, services.model, signal));
    const keyParts = { ...request, standalone, filters: request.filters };
    const cacheKey = await computeCacheKey(keyParts, services);
    const similarKey = services.similarQuestions && (await computeSimilarKey(keyParts, services));
    const context: Context = { request, services, timed, session, standalone, cacheKey, similarKey };
    const cached = await timed("cache", () => recallAnswerOrSimilar(cacheKey, similarKey, services));
    const { outcome, isNew } = cached === undefined ? yield* answerOnce(context) : yield* replay(cached.answer, cached.from, services);
    yield { type: "done", answer: await conclude(context, outcome, isNew) };
  } catch (error) {
    if (!signal.aborted) services.telemetry.answered("failed");
    throw error;
  }
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
): AsyncGenerator<AnswerEvent, Found, undefined> {
  telemetry.cacheHit(from);
  yield { type: "sources", sources: outcome.sources };
  yield { type: "delta", text: outcome.answer.answer };
  return { outcome, isNew: false };
}

/** Answers anew, for whoever asks the same meanwhile too; or waits for the one who does. */
async function* answerOnce(context: Context): AsyncGenerator<AnswerEvent, Found, undefined> {
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
  source: AsyncGenerator<AnswerEvent, Outcome, undefined>,
  land: (outcome: Outcome | undefined) => void,
): AsyncGenerator<AnswerEvent, Outcome, undefined> {
  let outcome: Outcome | undefined;
  try {
    outcome = yield* source;
    return outcome;
  } finally {
    // A degraded answer is what one had to make do with, not what the next must.
    land(outcome?.answer.degraded === false ? outcome : undefined);
  }
}

async function* answerAnew(context: Context): AsyncGenerator<AnswerEvent, Outcome, undefined> {
  const { request, services, standalone, timed } = context;
  const { analyzer } = services;
  const question = analyseQuestion(request.question, standalone, analyzer);
  const retrieval = await timed("retrieve", () => retrievePassages(standalone, request, services.retriever));
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
  const begun = services.clock.monotonic();
  const written = yield* writeAnswer({ standalone, question, hits, inverseDocumentFrequency, signal: request.signal }, services);
  services.telemetry.stage("generate", services.clock.monotonic() - begun);
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
): AsyncGenerator<AnswerEvent, Outcome, undefined> {
  const answer = text === "" ? (haveSourcesChanged ? SOURCES_CHANGED : REFUSAL) : text;
  if (text === "") yield { type: "delta", text: answer };
  const nearMisses = toNearMisses(found, verdict.likelihoods);
  return { answer: { answer, answerable: false, answeredBy, citations: [], nearMisses, degraded: degraded || haveSourcesChanged }, sources };
}

/** Remembers the answer and gives it its final form. */
async function conclude(context: Context, { answer, sources }: Outcome, isNew: boolean): Promise<Answer> {
  const { request, services, session, standalone, cacheKey, similarKey, timed } = context;
  request.signal.throwIfAborted();
  const { standaloneQuestion: _, ...rest } = answer;
  const complete = { ...rest, sessionId: session.id, ...(standalone === request.question ? {} : { standaloneQuestion: standalone }) };
  const memory = { session, question: request.question, standalone, answer: complete, sources, cacheKey, similarKey, isNew };
  const isRemembered = await timed("remember", () => rememberAnswer(memory, services));
  services.telemetry.answered(!answer.answerable ? "refused" : answer.answeredBy.kind === "model" ? "model" : "extractive");
  return isRemembered ? complete : { ...complete, degraded: true };
}
