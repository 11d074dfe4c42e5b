/** `rag eval`: known questions put to the server, and how good its answers are. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Client } from "@rag-personal/client";
import { NotFoundError } from "@rag-personal/client/errors";
import type { Context } from "../context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { type Gates, type Judgement, judge, MEASURE_NAMES, type Measures, measure, missedGates, type Observation } from "./measures.ts";
import { type EvaluationQuestion, parseQuestions } from "./question-file.ts";
import { describeEvaluation } from "./report.ts";

export interface EvaluationOptions {
  /** Passages looked at for the recall. */
  readonly limit: number;
  readonly minRecall?: number;
  readonly minCitationPrecision?: number;
  readonly minQuotes?: number;
  readonly minAnswered?: number;
  readonly minRefusals?: number;
}

export interface Evaluation {
  /** Passages looked at for the recall. */
  readonly limit: number;
  readonly measures: Measures;
  /** Names of the measures below the minimum that was asked for. */
  readonly missed: readonly string[];
  readonly judgements: readonly Judgement[];
}

/** @returns 1 when a measure is below the minimum that was asked for. */
export async function runEvaluation(context: Context, options: EvaluationOptions, [file = "-"]: readonly string[]): Promise<number> {
  const { output, signal } = context;
  const questions = parseQuestions(await readQuestions(context, file));
  const client = await context.connect();
  const judgements: Judgement[] = [];
  for (const question of questions) {
    output.progress(`question ${judgements.length + 1} of ${questions.length}`);
    judgements.push(judge(question, await observe(client, question, options.limit, signal)));
  }
  output.progress("");
  const measures = measure(judgements);
  const evaluation: Evaluation = { limit: options.limit, measures, missed: missedGates(measures, gatesOf(options)), judgements };
  output.data(evaluation, () => describeEvaluation(evaluation, gatesOf(options)));
  return evaluation.missed.length === 0 ? EXIT.ok : EXIT.failed;
}

const gatesOf = ({ minRecall, minCitationPrecision, minQuotes, minAnswered, minRefusals }: EvaluationOptions): Gates => {
  const given = [minRecall, minCitationPrecision, minQuotes, minAnswered, minRefusals];
  return Object.fromEntries(MEASURE_NAMES.flatMap((name, at) => (given[at] === undefined ? [] : [[name, given[at]]])));
};

async function readQuestions({ stdin }: Context, file: string): Promise<string> {
  if (file === "-") return await text(stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CliError(EXIT.usage, `The questions cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function observe(client: Client, { question }: EvaluationQuestion, limit: number, signal: AbortSignal): Promise<Observation> {
  const { hits } = await client.search({ query: question, limit }, { signal });
  const { citations, answerable, sessionId } = await client.chat.ask(question, { signal });
  // The person's own conversations are not to be crowded out by this one.
  await client.sessions.delete(sessionId, { signal }).catch((error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
  });
  return { found: hits.map(({ path }) => path), citations, answerable };
}
