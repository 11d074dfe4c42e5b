/** What a conversation is about, in a few words: the heuristic with which a follow-up becomes a standalone question. */
import type { Turn } from "../model.ts";
import type { Analyzer } from "../text/analyzer.ts";
import { tellAnswerType } from "./answer-type.ts";
import { findNames } from "./names.ts";

/** More words would drown those of the new question. */
const MAX_TOPIC_TERMS = 10;
const PERSONAL = /\b(?:he|him|his|she|her|hers)\b/i;

/**
 * The topic of the last turn, without repetition and up to ten terms.
 *
 * - "He" or "she" after a question for a person is whom the answer names first: "Who wrote it?" – "Where was she born?".
 * - Else it is what the last standalone question names, whom its answer names first if the follow-up asks for "him" or
 *   "her", and the title that was cited first.
 * - A question that names nothing in capitals lends its content words.
 *
 * @returns an empty string when the turn says nothing.
 */
export function describeTopic(followUp: string, last: Turn, analyzer: Analyzer): string {
  const known = new Set(analyzer.terms(followUp));
  const parts: string[] = [];
  let count = 0;
  const add = (words: string): void => {
    const terms = new Set(analyzer.terms(words)).difference(known);
    if (terms.size === 0 || count + terms.size > MAX_TOPIC_TERMS) return;
    for (const term of terms) known.add(term);
    count += terms.size;
    parts.push(words);
  };

  const names = findNames(last.standaloneQuestion);
  const person = last.answerable && PERSONAL.test(followUp) ? firstNewName(last, names, analyzer) : undefined;
  if (person !== undefined) add(person);
  if (person !== undefined && tellAnswerType(last.question) === "person") return parts.join(", ");
  for (const name of names) add(name);
  const title = last.answerable ? last.citedTitles[0]?.replaceAll("_", " ") : undefined;
  if (title !== undefined) add(title);
  if (names.length === 0) {
    for (const { start, end } of analyzer.tokens(last.standaloneQuestion)) add(last.standaloneQuestion.slice(start, end));
  }
  return parts.join(", ");
}

/** The first name in the answer that neither the question nor the first title cited gives away. */
function firstNewName(last: Turn, names: readonly string[], analyzer: Analyzer): string | undefined {
  const known = new Set([...names, last.citedTitles[0] ?? ""].flatMap((name) => analyzer.terms(name)));
  return findNames(last.answer).find((name) => analyzer.terms(name).some((term) => !known.has(term)));
}
