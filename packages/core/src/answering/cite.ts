/** Step 9, for an answer by a model: cleans its text and binds each marker to the sentence that bears out the statement before it. */
import type { SearchHit } from "../model.ts";
import { splitSentences } from "../text/sentences.ts";
import type { CitationBinder } from "./citation-binder.ts";
import { createOutputFilter } from "./output-filter.ts";
import type { SupportFinder } from "./support.ts";

/** How much of the answer is looked back at for the statement that a marker stands behind, UTF-16 units. */
const LOOK_BACK_CHARS = 1_000;
const URL = /[a-z][a-z0-9+.-]{1,30}:\/\/[^\s<>"`]*/gi;
const PUNCTUATION_AT_END = /[.,;:!?)\]}'*_]+$/;

export interface CiteOptions {
  /** Source `n` is `hits[n - 1]`. */
  readonly hits: readonly SearchHit[];
  readonly binder: CitationBinder;
  readonly findSupport: SupportFinder;
  /** The secret of the prompt's fences. */
  readonly secret: string;
}

/** Text ready to be sent: every `[n]` in it has a citation. */
export async function* citeModelText(pieces: AsyncIterable<string>, options: CiteOptions): AsyncGenerator<string, void, undefined> {
  const filter = createOutputFilter({ secret: options.secret, allowedUrls: urlsOf(options.hits) });
  let written = "";
  /** White space waits for what follows it: around a marker that is dropped there would be twice as much. */
  let held = "";

  async function* emit(filtered: ReturnType<typeof filter.push>): AsyncGenerator<string, void, undefined> {
    for (const piece of filtered) {
      if (piece.kind === "text") {
        const isClosing = /^[.,;:)]/.test(piece.text);
        const text = held === "" || isClosing ? piece.text : held + piece.text.trimStart();
        const ready = text.trimEnd();
        held = text.slice(ready.length);
        written = (written + ready).slice(-LOOK_BACK_CHARS);
        if (ready !== "") yield ready;
        continue;
      }
      for (const number of piece.numbers) {
        const hit = options.hits[number - 1];
        const statement = lastStatement(written);
        const span = hit === undefined ? NOWHERE : options.findSupport(statement, hit);
        if (!(await options.binder.bind(number, span))) continue;
        yield `${held}[${number}]`;
        held = "";
      }
    }
  }

  for await (const piece of pieces) yield* emit(filter.push(piece));
  yield* emit(filter.finish());
}

const NOWHERE = { start: 0, end: 0 };

/** The sentence that ends, or is under way, at the end of the text. */
function lastStatement(text: string): string {
  const last = splitSentences(text).at(-1);
  return last === undefined ? "" : text.slice(last.start, last.end);
}

function urlsOf(hits: readonly SearchHit[]): Set<string> {
  return new Set(hits.flatMap(({ chunk }) => [...chunk.text.matchAll(URL)].map(([url]) => url.replace(PUNCTUATION_AT_END, ""))));
}
