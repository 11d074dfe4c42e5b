/** How good the answers to known questions are. */
import type { EvaluationQuestion } from "./question-file.ts";

/** What the server gave for one question. */
export interface Observation {
  /** Paths of the passages found, best first; a path may come several times. */
  readonly found: readonly string[];
  readonly citations: readonly { readonly path: string; readonly quote: string }[];
  readonly answerable: boolean;
}

/** One question judged; null where it expects nothing of the kind. */
export interface Judgement {
  readonly question: string;
  readonly answerable: boolean;
  /** Whether the server answered. */
  readonly answered: boolean;
  /** Share of the expected documents among the passages found. */
  readonly recall: number | null;
  readonly citations: { readonly expected: number; readonly total: number } | null;
  /** Whether a citation from an expected document holds the quote. */
  readonly holdsQuote: boolean | null;
}

export interface Measures {
  readonly questions: number;
  /** Mean over the questions that name documents. */
  readonly recall: number | null;
  /** Share of all citations that come from an expected document. */
  readonly citationPrecision: number | null;
  /** Share of the quotes that some citation holds. */
  readonly quotes: number | null;
  /** Share of the answerable questions that were answered. */
  readonly answered: number | null;
  /** Share of the questions without an answer that were refused. */
  readonly refusals: number | null;
}

/** The measures that can be asked to reach a minimum. */
export type Gates = Partial<Readonly<Record<Exclude<keyof Measures, "questions">, number>>>;

export function judge(
  { question, documents, quote, answerable }: EvaluationQuestion,
  { found, citations, answerable: answered }: Observation,
): Judgement {
  const expected = new Set(documents);
  const isExpected = ({ path }: { readonly path: string }): boolean => expected.has(path);
  const fitting = expected.size === 0 ? citations : citations.filter(isExpected);
  const reached = new Set(found.filter((path) => expected.has(path)));
  return {
    question,
    answerable,
    answered,
    recall: expected.size === 0 ? null : reached.size / expected.size,
    citations: expected.size === 0 ? null : { expected: fitting.length, total: citations.length },
    holdsQuote: quote === undefined ? null : fitting.some((citation) => normalise(citation.quote).includes(normalise(quote))),
  };
}

/** Line breaks and runs of blanks differ between a text and what is written about it. */
const normalise = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

/** Null where no question has anything to say. */
export function measure(judgements: readonly Judgement[]): Measures {
  const citations = judgements.flatMap((judgement) => judgement.citations ?? []);
  return {
    questions: judgements.length,
    recall: mean(judgements.flatMap(({ recall }) => recall ?? [])),
    citationPrecision: ratio(sum(citations.map(({ expected }) => expected)), sum(citations.map(({ total }) => total))),
    quotes: shareOf(judgements.flatMap(({ holdsQuote }) => holdsQuote ?? [])),
    answered: shareOf(judgements.filter(({ answerable }) => answerable).map(({ answered }) => answered)),
    refusals: shareOf(judgements.filter(({ answerable }) => !answerable).map(({ answered }) => !answered)),
  };
}

/** Names of the measures below their minimum. One that could not be measured is below any: a gate must not pass for want of questions. */
export function missedGates(measures: Measures, gates: Gates): readonly string[] {
  const missed: string[] = [];
  for (const name of MEASURE_NAMES) {
    const minimum = gates[name];
    if (minimum !== undefined && (measures[name] ?? Number.NEGATIVE_INFINITY) < minimum) missed.push(name);
  }
  return missed;
}

export const MEASURE_NAMES = ["recall", "citationPrecision", "quotes", "answered", "refusals"] as const satisfies readonly (keyof Gates)[];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const mean = (values: readonly number[]): number | null => ratio(sum(values), values.length);
const shareOf = (facts: readonly boolean[]): number | null => ratio(facts.filter(Boolean).length, facts.length);
