/** Answers as the command shows them: the text as it is written, then what it rests on. */
import type { Answer, AnswerEvent, Citation, NearMiss } from "@rag-personal/client";
import { type Output, printable } from "./output.ts";

/** Prints the events as they come, one line of JSON each, or the text alone. @returns the finished answer. */
export async function printStream(stream: AsyncIterable<AnswerEvent> & { final(): Promise<Answer> }, output: Output): Promise<Answer> {
  for await (const event of stream) {
    if (output.json) output.data(event, () => "");
    else if (event.type === "delta") output.write(printable(event.text));
    else if (event.type === "done") output.write("\n");
  }
  return await stream.final();
}

/** Prints what the answer rests on, and tells what a refusal came close to. */
export function printSources({ citations, answerable, nearMisses, degraded }: Answer, output: Output): void {
  if (citations.length > 0) output.write(`\n${citations.map((citation) => `${describeCitation(citation, output)}\n`).join("")}`);
  if (degraded) output.notice('Something that the server normally uses is away, so the answer may be poorer: "rag status" says what.');
  if (!answerable && nearMisses.length > 0) output.notice(`What came closest:\n${nearMisses.map(describeNearMiss).join("\n")}`);
}

function describeCitation({ number, path, headingPath, quote }: Citation, output: Output): string {
  return `${output.strong(`[${number}]`)} ${placeOf(path, headingPath)}\n    ${output.faint(`"${inOneLine(quote)}"`)}`;
}

const describeNearMiss = ({ path, headingPath, text }: NearMiss): string => `  ${placeOf(path, headingPath)}\n    ${excerpt(text)}`;

/** A path with the headings below it. */
export const placeOf = (path: string, headingPath: readonly string[]): string => printable([path, ...headingPath].join(" › "));

/** A text with its line breaks and runs of blanks as single blanks. */
export const inOneLine = (text: string): string => printable(text.replaceAll(/\s+/g, " ").trim());

const EXCERPT_CHARS = 160;

/** The beginning of a text in one line, cut at a word. */
export function excerpt(text: string): string {
  const line = inOneLine(text);
  if (line.length <= EXCERPT_CHARS) return line;
  const cut = line.slice(0, EXCERPT_CHARS);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), EXCERPT_CHARS / 2)).trimEnd()} …`;
}
