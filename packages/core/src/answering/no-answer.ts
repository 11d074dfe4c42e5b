/** The model's word that the sources do not hold the answer: taken out of its text, wherever and however it was written. */
import { NO_ANSWER } from "./prompt.ts";

const WORD = new RegExp(NO_ANSWER, "i");

/** Marks that models put around such a word. */
const DECORATION = /[\s*_"'“”`.]*$/u;

export interface NoAnswerFilter {
  /** The text without the word. */
  pieces(source: AsyncIterable<string>): AsyncGenerator<string, void, undefined>;
  /** Whether the word was among it. */
  wasSaid(): boolean;
}

export function createNoAnswerFilter(): NoAnswerFilter {
  let said = false;
  return {
    wasSaid: () => said,
    async *pieces(source) {
      let held = "";
      let isFirst = true;
      for await (const piece of source) {
        held += piece;
        const at = held.search(WORD);
        if (at !== -1) {
          said = true;
          held = held.slice(0, at).replace(DECORATION, "") + held.slice(at + NO_ANSWER.length).replace(/^[*_"'“”`.]+/u, "");
        }
        const ready = isFirst && DECORATION.exec(held)?.[0] === held ? "" : held.slice(0, held.length - beginningAtEnd(held));
        if (ready === "") continue;
        isFirst = false;
        held = held.slice(ready.length);
        yield ready;
      }
      if (isFirst && said && DECORATION.exec(held)?.[0] === held) return;
      if (held !== "") yield held;
    },
  };
}

/** How many characters at the end may yet become the word, with the marks before it. */
function beginningAtEnd(text: string): number {
  const upper = text.toUpperCase();
  for (let length = Math.min(NO_ANSWER.length - 1, text.length); length > 0; length -= 1) {
    if (upper.endsWith(NO_ANSWER.slice(0, length))) return length + (DECORATION.exec(text.slice(0, -length))?.[0].length ?? 0);
  }
  return DECORATION.exec(text)?.[0].length ?? 0;
}
