/** Tells whether a question can only be understood together with the one before it. English, like the stop words. */
import type { Analyzer } from "../text/analyzer.ts";
import { findNames } from "./names.ts";

/** A longer question stands alone or not by its beginning. */
const MAX_CHARS = 1_000;
/** Words that may as well begin the question itself ("No smoking rule?") lead in only before a pause. */
const LEADING = /^\s*(?:(?:(?:and|but|or|also|thanks|thank you)\b|(?:so|then|ok|okay|yes|no|well)\s*[,.!])[\s,.!]*)+/i;
const ELLIPTIC =
  /^\s*(?:(?:so|then|ok|okay|well)\s+)?(?:(?:what|how) about|why not|why so|how so|since when|which one|any other|anything else|what else|who else|where else)\b/i;
const QUESTION_WORD =
  /^\s*(?:in |on |at |for |from |to |by |with )?(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)\b/i;
/** Stand for something named elsewhere. "That" does so only at the end of a phrase; elsewhere it joins clauses. */
const PRONOUN =
  /\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|those|these|this one|that one|the former|the latter|the same|this|that(?=\s*(?:[?.,!]|$))|there(?=\s*(?:[?.,!]|$)))\b/giu;
/** "It" and "this" that stand for nothing: "is it possible to …", "this year". */
const IMPERSONAL =
  /\b(?:is|was|be) it (?:possible|true|necessary|allowed|important|easy|hard|difficult|common|legal|better|worth|safe)\b|\bit (?:takes?|costs?|means?) to\b|\bthis (?:year|month|week|day|morning|evening|time)\b/giu;
const CLAUSE = /[,;]|\b(?:and|or|but|when|if|because|while|before|after|since|that|who|which|where|once|until)\b/i;
/** What stands before the subject of a question: "does the …", "why do …", "what did my …". */
const BEFORE_SUBJECT =
  /^\s*(?:(?:(?:why|how|when|where)\s+)?(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)|(?:who|what)\s+(?:do|does|did))\s+(?:(?:the|an?|each|every|my|our|your)\s+)?$/iu;
/** "The manual for its …": the possessive belongs to what is asked about. */
const OPEN_ATTRIBUTE = /\b(?:of|for)\s+$/i;
/** Has at most one word of its own, with the definite article: "Who is the author?" */
const BARE_DEFINITE = /\bthe \p{L}+\s*[?.!]*\s*$/iu;

/**
 * True when the question holds a pronoun without an antecedent of its own, lacks a predicate ("and in Oslo?"), or
 * has next to no words of its own ("Why?", "Who is the author?").
 */
export function needsEarlierTurns(wholeQuestion: string, analyzer: Analyzer): boolean {
  const question = wholeQuestion.slice(0, MAX_CHARS);
  if (ELLIPTIC.test(question.replace(LEADING, ""))) return true;
  const body = question.replace(LEADING, "");
  const contentCount = new Set(analyzer.terms(body)).size;
  if (contentCount === 0) return true;
  if (hasOpenPronoun(body, analyzer)) return true;
  const hasLead = body.length < question.length;
  if (hasLead && !QUESTION_WORD.test(body)) return true;
  const hasName = findNames(body).length > 0;
  if (hasLead && contentCount === 1 && !hasName) return true;
  return contentCount === 1 && !hasName && BARE_DEFINITE.test(body);
}

/** A pronoun that nothing before it in the question itself can stand for. */
function hasOpenPronoun(text: string, analyzer: Analyzer): boolean {
  const cleaned = text.replace(IMPERSONAL, (match) => " ".repeat(match.length));
  for (const match of cleaned.matchAll(PRONOUN)) {
    const before = cleaned.slice(0, match.index);
    if (findNames(before).length > 0) continue;
    const contentCount = analyzer.terms(before).length;
    const isPossessive = /^(?:its|their|his)$/i.test(match[0]) || (/^her$/i.test(match[0]) && /^\s+\p{Ll}/u.test(cleaned.slice(match.index + 3)));
    if (contentCount > 0 && CLAUSE.test(afterFirstContentWord(before, analyzer))) continue;
    if (isPossessive && (contentCount >= 2 || namesSubject(before, analyzer))) continue;
    return true;
  }
  return false;
}

/** True when the one content word before a possessive is the subject, which it then stands for: "does the boiler have its …". */
function namesSubject(before: string, analyzer: Analyzer): boolean {
  const first = analyzer.tokens(before)[0];
  return first !== undefined && BEFORE_SUBJECT.test(before.slice(0, first.start)) && !OPEN_ATTRIBUTE.test(before);
}

function afterFirstContentWord(text: string, analyzer: Analyzer): string {
  const first = analyzer.tokens(text)[0];
  return first === undefined ? "" : text.slice(first.end);
}
