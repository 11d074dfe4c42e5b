/** An evaluation in words. */
import { inOneLine } from "../answer-printing.ts";
import { formatTable } from "../table.ts";
import { type Gates, type Judgement, MEASURE_NAMES } from "./measures.ts";
import type { Evaluation } from "./run.ts";

/** The measures, and the questions that went wrong. */
export function describeEvaluation({ limit, measures, missed, judgements }: Evaluation, gates: Gates): string {
  const titles = {
    recall: `recall of the best ${limit} passages`,
    citationPrecision: "citations from expected documents",
    quotes: "quotes that a citation holds",
    answered: "answerable questions answered",
    refusals: "questions without an answer refused",
  };
  const rows = MEASURE_NAMES.map((name) => {
    const minimum = gates[name];
    const verdict = minimum === undefined ? "" : `${missed.includes(name) ? "below" : "reaches"} ${minimum}`;
    return [titles[name], measures[name]?.toFixed(3) ?? "–", verdict];
  });
  const wrong = judgements.flatMap((judgement) => {
    const faults = faultsOf(judgement);
    return faults.length === 0 ? [] : [`  ${inOneLine(judgement.question)}: ${faults.join(", ")}`];
  });
  const list = wrong.length === 0 ? [] : ["", `${wrong.length} of ${measures.questions} questions went wrong:`, ...wrong];
  return [`${measures.questions} questions`, formatTable(rows), ...list].join("\n");
}

function faultsOf({ answerable, answered, recall, citations, holdsQuote }: Judgement): readonly string[] {
  const faults: string[] = [];
  if (answerable && !answered) faults.push("refused");
  if (!answerable && answered) faults.push("answered");
  if (recall !== null && recall < 1) faults.push(recall === 0 ? "document not found" : "documents found in part");
  if (answered && citations !== null && citations.expected < citations.total)
    faults.push(`${citations.total - citations.expected} of ${citations.total} citations from elsewhere`);
  if (answered && holdsQuote === false) faults.push("quote not cited");
  return faults;
}
