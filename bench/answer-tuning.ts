/**
 * How the constants of the evidence gate and of the sentence scores came about. Prints a fit of the gate's logistic model with the errors it
 * makes, and what each weight of a sentence's score is worth. Nothing is written: a person reads it and sets DEFAULT_GATE and
 * DEFAULT_SENTENCE_WEIGHTS.
 *
 * Tuned on HotpotQA-100 (a train sample), on small collections drawn from it whose left-out questions are off topic, on Chroma's
 * chunking evaluation, and on SciFact train claims as off-topic questions. XQuAD, Cranfield and SciFact test play no part in it.
 *
 * Usage: node bench/answer-tuning.ts [data folder]
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chooseQuotes } from "../packages/core/src/answering/extractive.ts";
import { analyseQuestion } from "../packages/core/src/answering/question.ts";
import { DEFAULT_SENTENCE_WEIGHTS, type SentenceWeights } from "../packages/core/src/answering/sentence-scores.ts";
import type { SearchHit } from "../packages/core/src/model.ts";
import { createRandomSource } from "../packages/core/src/semantic/random.ts";
import {
  createLibrary,
  type Library,
  loadQueries,
  loadQuestions,
  loadSources,
  parseRecord,
  type Question,
  readLines,
  type SourceText,
  text,
} from "./answer-data.ts";
import { fitLogistic, likelihood, type Sample } from "./answer-logistic-regression.ts";
import { mean } from "./ranking-metrics.ts";

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, "..", "..", "shared", "data"));
const SUBSETS = [
  { documents: 12, questions: 4, draws: 6 },
  { documents: 40, questions: 12, draws: 3 },
  { documents: 150, questions: 40, draws: 2 },
] as const;
const OFF_TOPIC_PER_SET = 100;
/** Share of off-topic questions over the whole HotpotQA collection that the threshold refuses. */
const REFUSED_SHARE = 0.945;
const HITS = 10;
const HITS_JUDGED = 3;
const HITS_QUOTED = 8;

interface SpanQuestion {
  readonly text: string;
  readonly document: string;
  /** Where the evidence stands, in UTF-16 units. */
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** A question whose best sentences are known. */
interface SentenceCase {
  readonly question: string;
  readonly hits: readonly SearchHit[];
  readonly library: Library;
  readonly isGold: (hit: SearchHit, start: number, end: number) => boolean;
}

const samples: Sample[] = [];
const cases: SentenceCase[] = [];
const random = createRandomSource(20);

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item);
}

async function judge(library: Library, set: string, question: string, isAnswerable: boolean): Promise<SearchHit[]> {
  const hits = await library.index.search(question, { limit: HITS });
  const signals = hits.slice(0, HITS_JUDGED).map(({ evidence }) => [evidence.termCoverage, evidence.phraseCoverage]);
  samples.push({ set, candidates: signals, isPositive: isAnswerable });
  return hits;
}

async function collectHotpot(sources: readonly SourceText[], questions: readonly Question[], spanQuestions: readonly SpanQuestion[]): Promise<void> {
  const library = await createLibrary(sources);
  for (const question of questions) {
    const hits = await judge(library, "hotpot, whole", question.text, true);
    const isString = !question.answers.every((answer) => /^(?:yes|no)$/i.test(answer));
    if (!isString) continue;
    cases.push({
      question: question.text,
      hits,
      library,
      isGold: ({ chunk }, start, end) =>
        question.documents.includes(chunk.documentId) &&
        question.answers.some((answer) => chunk.text.slice(start - chunk.start, end - chunk.start).includes(answer)),
    });
  }
  for (const claim of shuffle(loadQueries(folder, "scifact", "train")).slice(0, 2 * OFF_TOPIC_PER_SET))
    await judge(library, "hotpot, whole", claim, false);
  for (const other of shuffle(spanQuestions).slice(0, 1.5 * OFF_TOPIC_PER_SET)) await judge(library, "hotpot, whole", other.text, false);
}

/** Small collections: questions whose documents were left out are off topic, in the same style as the others. */
async function collectSubsets(sources: readonly SourceText[], questions: readonly Question[]): Promise<void> {
  for (const { documents, questions: count, draws } of SUBSETS) {
    for (let draw = 0; draw < draws; draw += 1) {
      const shuffled = shuffle(questions);
      const asked = shuffled.slice(0, count);
      const wanted = new Set(asked.flatMap((question) => question.documents));
      const others = shuffled.slice(count).filter((question) => !question.documents.some((id) => wanted.has(id)));
      const unwanted = new Set(others.flatMap((question) => question.documents));
      const fillers = shuffle(sources.filter(({ id }) => !wanted.has(id) && !unwanted.has(id))).slice(0, Math.max(0, documents - wanted.size));
      const library = await createLibrary([...sources.filter(({ id }) => wanted.has(id)), ...fillers]);
      for (const question of asked) await judge(library, `hotpot, ${documents} documents`, question.text, true);
      for (const question of shuffle(others).slice(0, OFF_TOPIC_PER_SET / 2))
        await judge(library, `hotpot, ${documents} documents`, question.text, false);
    }
  }
}

async function collectLongDocuments(spanQuestions: readonly SpanQuestion[], questions: readonly Question[]): Promise<void> {
  const corpora = join(folder, "chunking-eval", "corpora");
  for (const file of readdirSync(corpora)) {
    const library = await createLibrary([
      { id: file, title: file.replace(/\.md$/, ""), text: readFileSync(join(corpora, file), "utf8"), format: "markdown" },
    ]);
    for (const question of spanQuestions.filter(({ document }) => document === file)) {
      const hits = await judge(library, file, question.text, true);
      cases.push({
        question: question.text,
        hits,
        library,
        isGold: (_, start, end) => question.spans.some((span) => overlaps(span, { start, end })),
      });
    }
    for (const other of shuffle(spanQuestions.filter(({ document }) => document !== file)).slice(0, OFF_TOPIC_PER_SET))
      await judge(library, file, other.text, false);
    for (const other of questions) await judge(library, file, other.text, false);
  }
}

/** More than half of the shorter one. */
function overlaps(left: { start: number; end: number }, right: { start: number; end: number }): boolean {
  return Math.min(left.end, right.end) - Math.max(left.start, right.start) > Math.min(left.end - left.start, right.end - right.start) / 2;
}

function loadSpanQuestions(): SpanQuestion[] {
  const root = join(folder, "chunking-eval");
  const offsets = new Map(
    readdirSync(join(root, "corpora")).map((file) => [file, codePointOffsets(readFileSync(join(root, "corpora", file), "utf8"))]),
  );
  return readLines(join(root, "questions.jsonl")).map((line) => {
    const record = parseRecord(line);
    const document = text(record, "document");
    const evidence: unknown = Reflect.get(record, "evidence");
    const at = (item: unknown, name: string): number => {
      const value: unknown = typeof item === "object" && item !== null ? Reflect.get(item, name) : undefined;
      return offsets.get(document)?.[typeof value === "number" ? value : 0] ?? 0;
    };
    const spans = Array.isArray(evidence) ? evidence.map((item: unknown) => ({ start: at(item, "start_index"), end: at(item, "end_index") })) : [];
    return { text: text(record, "question"), document, spans };
  });
}

/** The set counts code points; offsets here count UTF-16 units. */
function codePointOffsets(content: string): number[] {
  const offsets = [0];
  for (const character of content) offsets.push((offsets.at(-1) ?? 0) + character.length);
  return offsets;
}

function reportGate(): void {
  const model = fitLogistic(samples, 2);
  const whole = samples.filter(({ set, isPositive }) => set === "hotpot, whole" && !isPositive).map((sample) => likelihood(model, sample));
  const threshold = [...whole].sort((left, right) => left - right)[Math.floor(REFUSED_SHARE * whole.length)] ?? 0;
  console.log(
    `gate: intercept ${model.intercept.toFixed(2)}, termCoverage ${model.weights[0]?.toFixed(2)}, phraseCoverage ${model.weights[1]?.toFixed(2)}`,
  );
  console.log(`threshold that refuses ${REFUSED_SHARE * 100} % of the off-topic questions over the whole collection: ${threshold.toFixed(2)}\n`);
  console.log("| collection | answerable | refused | off topic | refused |\n| --- | --- | --- | --- | --- |");
  for (const set of new Set(samples.map((sample) => sample.set))) {
    const refused = (isPositive: boolean) =>
      samples
        .filter((sample) => sample.set === set && sample.isPositive === isPositive)
        .map((sample) => (likelihood(model, sample) < threshold ? 1 : 0));
    console.log(
      `| ${set} | ${refused(true).length} | ${mean(refused(true)).toFixed(3)} | ${refused(false).length} | ${mean(refused(false)).toFixed(3)} |`,
    );
  }
}

function measureSentences(weights: SentenceWeights): string {
  const first: number[] = [];
  const three: number[] = [];
  for (const { question, hits, library, isGold } of cases) {
    const analysed = analyseQuestion(question, question, library.analyzer);
    const idf = (term: string) => library.index.inverseDocumentFrequency(term);
    const gold = chooseQuotes(analysed, hits.slice(0, HITS_QUOTED), library.analyzer, idf, weights).map(({ number, start, end }) => {
      const hit = hits[number - 1];
      return hit !== undefined && isGold(hit, start, end);
    });
    first.push(gold[0] === true ? 1 : 0);
    three.push(gold.includes(true) ? 1 : 0);
  }
  return `${mean(first).toFixed(3)} | ${mean(three).toFixed(3)}`;
}

function reportSentences(): void {
  console.log(
    `\n| weights of a sentence's score (${cases.length} questions) | first sentence is gold | one of those quoted is |\n| --- | --- | --- |`,
  );
  console.log(`| as set | ${measureSentences(DEFAULT_SENTENCE_WEIGHTS)} |`);
  for (const [name, value] of Object.entries(DEFAULT_SENTENCE_WEIGHTS)) {
    for (const factor of [0, 0.5, 2])
      console.log(`| ${name} ${(value * factor).toFixed(2)} | ${measureSentences({ ...DEFAULT_SENTENCE_WEIGHTS, [name]: value * factor })} |`);
  }
}

const hotpotSources = loadSources(folder, "hotpotqa-100");
const hotpotQuestions = loadQuestions(folder, "hotpotqa-100");
const spanQuestions = loadSpanQuestions();
await collectHotpot(hotpotSources, hotpotQuestions, spanQuestions);
await collectSubsets(hotpotSources, hotpotQuestions);
await collectLongDocuments(spanQuestions, hotpotQuestions);
reportGate();
reportSentences();
