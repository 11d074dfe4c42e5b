/** A conversation that its caller keeps and tells anew with each question, as turns of which nothing is stored. */
import type { Turn } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { REFUSAL, SOURCES_CHANGED } from "./refusal.ts";
import { standaloneByHeuristic } from "./rewrite.ts";

/** A question asked before, and what was answered; empty for none. */
export interface EarlierExchange {
  readonly question: string;
  readonly answer: string;
}

/** Older exchanges say nothing about the next question. */
const MAX_EXCHANGES = 10;
/** Of one question and of one answer, UTF-16 units: what a caller tells may be of any length. */
const MAX_QUESTION_CHARS = 2_000;
const MAX_ANSWER_CHARS = 4_000;

/**
 * The last exchanges as turns. What a stored turn knows of itself is found out again: its standalone question by the heuristic, from one
 * turn to the next, and whether it was answered by its text. The titles it cited are not known.
 */
export function turnsOfConversation(exchanges: readonly EarlierExchange[], analyzer: Analyzer): Turn[] {
  const turns: Turn[] = [];
  for (const exchange of exchanges.slice(-MAX_EXCHANGES)) {
    const question = exchange.question.slice(0, MAX_QUESTION_CHARS);
    const answer = exchange.answer.slice(0, MAX_ANSWER_CHARS);
    turns.push({
      question,
      standaloneQuestion: standaloneByHeuristic(question, turns.at(-1), analyzer),
      answer,
      answerable: answer !== "" && !answer.startsWith(REFUSAL) && !answer.startsWith(SOURCES_CHANGED),
      citedTitles: [],
      atMs: 0,
    });
  }
  return turns;
}
