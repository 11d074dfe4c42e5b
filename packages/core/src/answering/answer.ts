/** One question through the pipeline: session, rewrite, cache, retrieve, gate, compose, generate, cite, remember. */
import type { Answer, AnswerEvent, AnsweredBy, SearchFilters, SearchHit, Session, SourceReference } from "../model.ts";
import type { CachedAnswer } from "../ports.ts";
import { computeCacheKey } from "./cache-key.ts";
import { composeSources } from "./compose.ts";
import { judgeEvidence, type Verdict } from "./gate.ts";
import { analyseQuestion } from "./question.ts";
import { recallAnswer } from "./recall.ts";
import { REFUSAL, toNearMisses } from "./refusal.ts";
import { rememberAnswer } from "./remember.ts";
import { retrievePassages } from "./retrieve.ts";
import { rewriteQuestion } from "./rewrite.ts";
import { createLocalInverseDocumentFrequency } from "./sentence-scores.ts";
import type { AnswerServices } from "./services.ts";
import { openSession } from "./session.ts";
import { createStopwatch, type Stopwatch } from "./stopwatch.ts";
import { writeAnswer } from "./write.ts";

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
}

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
    const cacheKey = await computeCacheKey({ ...request, standalone, filters: request.filters }, services);
    const context: Context = { request, services, timed, session, standalone, cacheKey };
    const cached = await timed("cache", () => recallAnswer(cacheKey, services));
    const outcome = cached === undefined ? yield* answerAnew(context) : yield* replay(cached, services);
    yield { type: "done", answer: await conclude(context, outcome, cached === undefined) };
  } catch (error) {
    if (!signal.aborted) services.telemetry.answered("failed");
    throw error;
  }
}

async function* replay(cached: CachedAnswer, { telemetry }: AnswerServices): AsyncGenerator<AnswerEvent, Outcome, undefined> {
  telemetry.cacheHit("response");
  yield { type: "sources", sources: cached.sources };
  yield { type: "delta", text: cached.answer.answer };
  return cached;
}

async function* answerAnew(context: Context): AsyncGenerator<AnswerEvent, Outcome, undefined> {
  const { request, services, standalone, timed } = context;
  const { analyzer } = services;
  const question = analyseQuestion(request.question, standalone, analyzer);
  const found = await timed("retrieve", () => retrievePassages(standalone, request.filters, services.retriever));
  request.signal.throwIfAborted();
  const inverseDocumentFrequency = services.inverseDocumentFrequency ?? createLocalInverseDocumentFrequency(found, analyzer);
  const verdict = await timed("gate", () => judgeEvidence(question, found, analyzer, inverseDocumentFrequency));
  if (!verdict.isEnough) {
    yield { type: "sources", sources: [] };
    return yield* refuse([], found, verdict, { kind: "gate" });
  }
  const { hits, references } = await timed("compose", () => composeSources(found));
  yield { type: "sources", sources: references };
  const begun = services.clock.monotonic();
  const written = yield* writeAnswer({ standalone, question, hits, inverseDocumentFrequency, signal: request.signal }, services);
  services.telemetry.stage("generate", services.clock.monotonic() - begun);
  if (written.text === "") return yield* refuse(references, found, verdict, written.answeredBy);
  const { text, answeredBy, citations, degraded } = written;
  return { answer: { answer: text, answerable: true, answeredBy, citations, nearMisses: [], degraded }, sources: references };
}

async function* refuse(
  sources: readonly SourceReference[],
  found: readonly SearchHit[],
  verdict: Verdict,
  answeredBy: AnsweredBy,
): AsyncGenerator<AnswerEvent, Outcome, undefined> {
  yield { type: "delta", text: REFUSAL };
  const nearMisses = toNearMisses(found, verdict.likelihoods);
  return { answer: { answer: REFUSAL, answerable: false, answeredBy, citations: [], nearMisses, degraded: false }, sources };
}

/** Remembers the answer and gives it its final form. */
async function conclude(context: Context, { answer, sources }: Outcome, isNew: boolean): Promise<Answer> {
  const { request, services, session, standalone, cacheKey, timed } = context;
  request.signal.throwIfAborted();
  const { standaloneQuestion: _, ...rest } = answer;
  const complete = { ...rest, sessionId: session.id, ...(standalone === request.question ? {} : { standaloneQuestion: standalone }) };
  const memory = { session, question: request.question, standalone, answer: complete, sources, cacheKey, isNew };
  const isRemembered = await timed("remember", () => rememberAnswer(memory, services));
  services.telemetry.answered(!answer.answerable ? "refused" : answer.answeredBy.kind === "model" ? "model" : "extractive");
  return isRemembered ? complete : { ...complete, degraded: true };
}
