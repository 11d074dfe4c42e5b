/** `rag ask`: one question, its answer as it is written, and what that rests on. */
import { text } from "node:stream/consumers";
import { printSources, printStream } from "./answer-printing.ts";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { printable } from "./output.ts";

export interface AskOptions {
  readonly session?: string;
  readonly path: readonly string[];
  readonly stream: boolean;
}

/** @param words of the question; `-` alone reads it from the standard input. @returns 7 when the documents do not answer it. */
export async function runAsk(context: Context, { session, path, stream: isStreamed }: AskOptions, words: readonly string[]): Promise<number> {
  const { output, signal } = context;
  const question = await readQuestion(context, words);
  const { chat } = await context.connect();
  const request = { question, sessionId: session, filters: path.length === 0 ? undefined : { pathPrefixes: path } };
  const answer = isStreamed ? await printStream(chat.stream(request, { signal }), output) : await chat.ask(request, { signal });
  if (!isStreamed) output.data(answer, () => printable(answer.answer));
  if (!output.json) printSources(answer, output);
  return answer.answerable ? EXIT.ok : EXIT.noAnswer;
}

async function readQuestion({ stdin }: Context, words: readonly string[]): Promise<string> {
  const question = (words.length === 1 && words[0] === "-" ? await text(stdin) : words.join(" ")).trim();
  if (question === "") throw new CliError(EXIT.usage, "There is no question.");
  return question;
}
