/** The citations of an answer as Markdown footnotes, for readers whose program shows nothing but the text. */
import type { WireConversationAnswer } from "../api/answer.ts";

type Citation = WireConversationAnswer["citations"][number];

/** Of one footnote, UTF-16 units. */
const MAX_QUOTE_CHARS = 240;
/** A marker that may go on in the next piece. */
const OPEN_MARKER = /\[\d{0,3}$/;

/** Writes the markers of an answer that comes in pieces, and the footnotes at its end. */
export interface FootnoteWriter {
  /** The text that can be sent now; the beginning of a marker waits for the next piece. */
  push(piece: string): string;
  /** The rest, with one footnote for each number that the answer cites. */
  end(citations: readonly Citation[]): string;
}

/** @param sources how many there are to cite; a number in brackets beyond them belongs to the text. */
export function createFootnoteWriter(sources: number): FootnoteWriter {
  let held = "";
  const mark = (text: string): string =>
    text.replace(/\[(\d{1,3})\]/g, (marker, digits: string) => (Number(digits) >= 1 && Number(digits) <= sources ? `[^${Number(digits)}]` : marker));
  return {
    push(piece) {
      const text = held + piece;
      held = OPEN_MARKER.exec(text)?.[0] ?? "";
      return mark(text.slice(0, text.length - held.length));
    },
    end: (citations) => held + footnotesOf(citations),
  };
}

function footnotesOf(citations: readonly Citation[]): string {
  if (citations.length === 0) return "";
  const byNumber = Map.groupBy(citations, ({ number }) => number);
  const lines = [...byNumber].sort(([left], [right]) => left - right).map(([number, cited]) => `[^${number}]: ${describe(cited)}`);
  return `\n\n${lines.join("\n")}`;
}

function describe(cited: readonly Citation[]): string {
  const [first] = cited;
  if (first === undefined) return "";
  const place = [first.title, ...first.headingPath.filter((heading) => heading !== first.title)].map(asPlainText).join(" › ");
  const quotes = [...new Set(cited.map(({ quote }) => `“${asPlainText(shorten(quote))}”`))].join(" … ");
  return `${place} (${asPlainText(first.path)}): ${quotes}`;
}

function shorten(quote: string): string {
  return quote.length <= MAX_QUOTE_CHARS ? quote : `${quote.slice(0, MAX_QUOTE_CHARS).replace(/[\ud800-\udbff]$/, "")}…`;
}

/**
 * Text of a document on one line, with nothing in it that Markdown would act upon: an image in a quotation would be loaded, and so tell its
 * server that somebody reads.
 */
function asPlainText(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, " ")
    .trim()
    .replace(/[\\`*_{}[\]<>()#+!|~&^$=-]/g, "\\$&")
    .replace(/:(?=\/\/)|(?<=www)\.|@/gi, "\\$&");
}
