/** The text of a completion: the answer with or without footnotes, no longer than was asked for. */
import { estimateTextTokens } from "@rag-personal/core";
import type { WireConversationAnswer } from "../api/answer.ts";
import { createFootnoteWriter, type FootnoteWriter } from "./footnotes.ts";

export interface AnswerText {
  /** What of the piece is sent. */
  push(piece: string): string;
  end(answer: Pick<WireConversationAnswer, "citations">): string;
  /** All that was sent. */
  readonly text: string;
  /** Something was left out at the end. */
  readonly isCut: boolean;
}

const AS_IT_IS: FootnoteWriter = { push: (piece) => piece, end: () => "" };

export interface AnswerTextOptions {
  readonly footnotes: boolean;
  /** How many sources there are to cite. */
  readonly sources: number;
  /** As estimated, which errs upwards: a text is rarely longer, and often shorter. Default: no limit. */
  readonly maxTokens?: number | undefined;
}

export function createAnswerText({ footnotes, sources, maxTokens }: AnswerTextOptions): AnswerText {
  const writer = footnotes ? createFootnoteWriter(sources) : AS_IT_IS;
  let text = "";
  let isCut = false;

  function add(piece: string): string {
    if (isCut) return "";
    const fitting = maxTokens === undefined ? piece : fit(piece, (part) => estimateTextTokens(text + part) <= maxTokens);
    isCut = fitting.length < piece.length;
    text += fitting;
    return fitting;
  }

  return {
    push: (piece) => add(writer.push(piece)),
    end: ({ citations }) => add(writer.end(citations)),
    get text() {
      return text;
    },
    get isCut() {
      return isCut;
    },
  };
}

/** The longest beginning that fits, not ending within a character. */
function fit(piece: string, fits: (part: string) => boolean): string {
  if (fits(piece)) return piece;
  let [low, high] = [0, piece.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(piece.slice(0, middle))) low = middle;
    else high = middle - 1;
  }
  return piece.slice(0, low).replace(/[\ud800-\udbff]$/, "");
}
