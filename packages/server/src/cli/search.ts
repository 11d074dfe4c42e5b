/** `rag search`: passages without an answer. */
import { inOneLine, placeOf } from "./answer-printing.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";

export interface SearchOptions {
  readonly limit: number;
  readonly path: readonly string[];
  readonly explain: boolean;
}

/** @returns 7 when there is nothing. */
export async function runSearch(context: Context, { limit, path, explain }: SearchOptions, words: readonly string[]): Promise<number> {
  const { output, signal } = context;
  const client = await context.connect();
  const filters = path.length === 0 ? undefined : { pathPrefixes: path };
  const result = await client.search({ query: words.join(" "), limit, explain, filters }, { signal });
  const describeHit = ({ path: found, headingPath, start, end, score, text, explanation }: (typeof result.hits)[number]): string => {
    const signals = Object.entries(explanation ?? {}).map(([name, part]) => `${name} ${part.toFixed(3)}`);
    const why = signals.length === 0 ? "" : output.faint(`\n    ${signals.join(", ")}`);
    return `${output.strong(score.toFixed(3))}  ${placeOf(found, headingPath)} (${start}–${end})\n    ${inOneLine(text)}${why}`;
  };
  output.data(result, () => (result.hits.length === 0 ? "nothing found" : result.hits.map(describeHit).join("\n")));
  if (result.degraded) output.notice('Something that the server normally uses is away, so the result may be poorer: "rag status" says what.');
  return result.hits.length === 0 ? EXIT.noAnswer : EXIT.ok;
}
