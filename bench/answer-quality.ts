/**
 * Quality of extractive answers through core alone: does the first citation come from the right document, do the quotes hold the
 * answer, are questions about something else refused, and those for what the documents do not say of something they name? Prints a
 * Markdown table and writes bench/results/answer-quality.json.
 *
 * No constant was fitted to XQuAD or Cranfield (see answer-tuning.ts for what they were fitted to), but their figures were seen while variants
 * of the gate were compared, so they are no blind test. HotpotQA was tuned on.
 *
 * Usage: node bench/answer-quality.ts [data folder]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { composeAbsentQuestions } from "./answer-absent.ts";
import { createLibrary, type Library, loadQueries, loadQuestions, loadSources, type Question } from "./answer-data.ts";
import { mean, median } from "./ranking-metrics.ts";

/** Off-topic questions asked. */
const OFF_TOPIC = 200;
/** Questions asked for an attribute that the documents do not give. */
const ABSENT = 200;

interface Measurement {
  readonly documents: string;
  readonly questions: number;
  /** Share of all questions whose first citation is in a document that answers them; a refusal counts as a miss. */
  readonly firstCitation: number;
  /** Share of the questions with an answer string of which a quote holds it; a refusal counts as a miss. */
  readonly answerQuoted: number;
  readonly refused: number;
  readonly offTopic: string;
  readonly offTopicRefused: number;
  /** Share refused of the questions about a title for an attribute that no document which names it touches on. */
  readonly absentRefused: number;
  readonly quotesPerAnswer: number;
  readonly quotedChars: number;
  readonly p50Ms: number;
}

async function measure(
  library: Library,
  documents: string,
  questions: readonly Question[],
  offTopic: string,
  others: readonly string[],
  absent: readonly string[],
): Promise<Measurement> {
  let first = 0;
  let quoted = 0;
  let refused = 0;
  const quotes: number[] = [];
  const chars: number[] = [];
  const times: number[] = [];
  const withString = questions.filter(hasAnswerString);
  for (const question of questions) {
    const begun = performance.now();
    const { answerable, citations } = await library.ask(question.text);
    times.push(performance.now() - begun);
    if (!answerable) {
      refused += 1;
      continue;
    }
    if (question.documents.includes(citations[0]?.documentId ?? "")) first += 1;
    if (hasAnswerString(question) && citations.some(({ quote }) => question.answers.some((answer) => quote.includes(answer)))) quoted += 1;
    quotes.push(citations.length);
    chars.push(citations.reduce((sum, { quote }) => sum + quote.length, 0));
  }
  return {
    documents,
    questions: questions.length,
    firstCitation: round(first / questions.length),
    answerQuoted: round(quoted / withString.length),
    refused: round(refused / questions.length),
    offTopic: `${offTopic} (${others.length})`,
    offTopicRefused: await refusedShare(library, others),
    absentRefused: await refusedShare(library, absent),
    quotesPerAnswer: round(mean(quotes)),
    quotedChars: Math.round(mean(chars)),
    p50Ms: round(median(times)),
  };
}

async function refusedShare(library: Library, questions: readonly string[]): Promise<number> {
  let refused = 0;
  for (const question of questions) if (!(await library.ask(question)).answerable) refused += 1;
  return round(refused / questions.length);
}

/** "Yes" and "no" stand in no document as an answer. */
function hasAnswerString({ answers }: Question): boolean {
  return answers.length > 0 && !answers.every((answer) => /^(?:yes|no)$/i.test(answer));
}

function round(value: number): number {
  return Number(value.toFixed(4));
}

const root = resolve(import.meta.dirname, "..");
const folder = resolve(process.argv[2] ?? join(root, "..", "shared", "data"));
const rows: Measurement[] = [];
for (const [name, offTopic, others] of [
  ["xquad-en", "cranfield", loadQueries(folder, "cranfield")],
  ["hotpotqa-100", "scifact train", loadQueries(folder, "scifact", "train")],
] as const) {
  const sources = loadSources(folder, name);
  const absent = composeAbsentQuestions(sources, ABSENT);
  const library = await createLibrary(sources);
  rows.push(await measure(library, name, loadQuestions(folder, name), offTopic, others.slice(0, OFF_TOPIC), absent));
}

const columns = [
  "documents",
  "questions",
  "firstCitation",
  "answerQuoted",
  "refused",
  "offTopic",
  "offTopicRefused",
  "absentRefused",
  "quotesPerAnswer",
  "quotedChars",
  "p50Ms",
] as const;
console.log(
  [columns, columns.map(() => "---"), ...rows.map((row) => columns.map((column) => row[column]))].map((line) => `| ${line.join(" | ")} |`).join("\n"),
);
mkdirSync(join(root, "bench", "results"), { recursive: true });
writeFileSync(join(root, "bench", "results", "answer-quality.json"), `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
