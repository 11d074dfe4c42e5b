/** A file of questions about one's own documents: one JSON object in each line. */
import * as z from "zod";
import { CliError, EXIT } from "../exit-codes.ts";

const line = z
  .strictObject({
    question: z.string().trim().min(1),
    /** Paths of the documents that hold the answer. */
    documents: z.array(z.string().min(1)).default([]),
    /** Words that a citation must hold. */
    quote: z.string().trim().min(1).optional(),
    /** False: the documents do not hold the answer, and a refusal is what is wanted. */
    answerable: z.boolean().default(true),
  })
  .refine(({ answerable, documents, quote }) => answerable || (documents.length === 0 && quote === undefined), {
    error: "a question that is not answerable has neither documents nor a quote",
  });

export type EvaluationQuestion = Readonly<z.infer<typeof line>>;

/** Blank lines and lines that begin with `#` are passed over. @throws CliError naming the first line that cannot be used. */
export function parseQuestions(text: string): readonly EvaluationQuestion[] {
  const questions: EvaluationQuestion[] = [];
  for (const [at, raw] of text.split("\n").entries()) {
    if (raw.trim() === "" || raw.startsWith("#")) continue;
    const parsed = line.safeParse(parseJson(raw));
    if (!parsed.success) throw new CliError(EXIT.usage, `Line ${at + 1} is no question: ${describeIssue(parsed.error)}`);
    questions.push(parsed.data);
  }
  if (questions.length === 0) throw new CliError(EXIT.usage, "There is no question in the file.");
  return questions;
}

/** @returns undefined for what is no JSON. */
function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function describeIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return "it is not understood.";
  return `${issue.path.length === 0 ? "" : `${issue.path.join(".")}: `}${issue.message}.`;
}
