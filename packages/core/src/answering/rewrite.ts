/** Step 2: a follow-up becomes a question that can be understood, and searched for, by itself. */
import type { Turn } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { needsEarlierTurns } from "./follow-up.ts";
import { generateText } from "./generate.ts";
import { rewriteMessages } from "./prompt.ts";
import type { AnswerModel } from "./services.ts";
import { describeTopic } from "./topic.ts";

/** A rewrite that is longer is no rewrite. UTF-16 units. */
const MAX_REWRITE_CHARS = 400;
const MAX_REWRITE_TOKENS = 96;

/**
 * Without earlier turns the question stays as it is. With a model, the model rewrites; without one, or when it fails in
 * whatever way, {@link standaloneByHeuristic} does.
 *
 * @throws the reason of `signal` alone.
 */
export async function rewriteQuestion(
  question: string,
  turns: readonly Turn[],
  analyzer: Analyzer,
  model: AnswerModel | undefined,
  signal: AbortSignal,
): Promise<string> {
  const last = turns.at(-1);
  if (last === undefined) return question;
  if (model !== undefined) {
    const rewritten = await rewriteWithModel(question, turns, model, signal);
    if (rewritten !== undefined) return rewritten;
  }
  return standaloneByHeuristic(question, last, analyzer);
}

/** A question that {@link needsEarlierTurns} with the topic of the last turn in parentheses; every other one as it is. */
export function standaloneByHeuristic(question: string, last: Turn | undefined, analyzer: Analyzer): string {
  if (last === undefined || !needsEarlierTurns(question, analyzer)) return question;
  const topic = describeTopic(question, last, analyzer);
  return topic === "" ? question : `${question.trim()} (${topic})`;
}

async function rewriteWithModel(question: string, turns: readonly Turn[], model: AnswerModel, signal: AbortSignal): Promise<string | undefined> {
  try {
    let text = "";
    for await (const piece of generateText(rewriteMessages(question, turns), { ...model, maxTokens: MAX_REWRITE_TOKENS }, signal)) {
      text += piece;
      if (text.length > MAX_REWRITE_CHARS) return undefined;
    }
    const line = text.trim().replace(/^["“']+|["”']+$/g, "");
    return line === "" || /[\n\r]/.test(line) ? undefined : line;
  } catch {
    // Whatever went wrong, the heuristic can still answer; only a client that left ends the request.
    signal.throwIfAborted();
    return undefined;
  }
}
