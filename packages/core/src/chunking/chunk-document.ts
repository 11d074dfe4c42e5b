/** Splits a document into chunks along its structure, as exact spans of its text. */
import type { DocumentFormat } from "../model.ts";
import { type Block, scanMarkdown, scanParagraphs } from "./blocks.ts";
import { cutSpan } from "./cut.ts";

export interface ChunkOptions {
  /** Small neighbours under the same heading are joined up to this many UTF-16 units. Default 1000. */
  readonly targetChars?: number | undefined;
  /** No chunk is longer, in UTF-16 units; paragraphs, code blocks and tables up to it stay whole. Default 2000. */
  readonly maxChars?: number | undefined;
}

/** Where a chunk lies in its document: `text.slice(start, end)`, and the headings above it, outermost first. */
export interface ChunkSpan {
  readonly start: number;
  readonly end: number;
  readonly headingPath: readonly string[];
}

/** The text of a document, as stored. HTML has become Markdown by then, CSV and JSON have become records in lines. */
export interface ChunkableText {
  readonly text: string;
  readonly format: DocumentFormat;
}

/** A shorter end of a section is joined to the chunk before it, where both fit; as a share of `targetChars`. */
const ORPHAN_SHARE = 0.2;

/**
 * Chunks of a document, in order, without overlap, each trimmed; together they hold every character that is not white space.
 * A heading opens a new chunk and goes with what follows it. Takes time linear in the text.
 *
 * @throws RangeError when the options do not hold `1 ≤ targetChars ≤ maxChars` and `maxChars ≥ 2`.
 * @example
 * chunkDocument({ text: "# Tea\n\nSteep it for three minutes.", format: "markdown" });
 * // [{ start: 0, end: 34, headingPath: ["Tea"] }]
 */
export function chunkDocument({ text, format }: ChunkableText, options: ChunkOptions = {}): ChunkSpan[] {
  const maxChars = options.maxChars ?? 2000;
  const targetChars = options.targetChars ?? Math.min(1000, maxChars);
  if (!(maxChars >= 2 && targetChars >= 1 && targetChars <= maxChars)) {
    throw new RangeError("Chunk options must hold 1 <= targetChars <= maxChars and maxChars >= 2.");
  }
  const sections = createSections(text, targetChars, maxChars);
  for (const block of scanBlocks(text, format)) sections.add(block);
  return sections.finish();
}

function scanBlocks(text: string, format: DocumentFormat): Iterable<Block> {
  switch (format) {
    case "markdown":
    case "html":
      return scanMarkdown(text);
    case "text":
      return scanParagraphs(text, "prose");
    case "csv":
    case "json":
      return scanParagraphs(text, "lines");
  }
}

/** The chunk being filled. */
interface OpenChunk {
  readonly start: number;
  end: number;
  prefer: "sentences" | "lines";
  /** Level of the last heading while it holds only headings or front matter; undefined once it holds content. */
  leadLevel: number | undefined;
}

function createSections(text: string, targetChars: number, maxChars: number) {
  const spans: ChunkSpan[] = [];
  const headings: { readonly level: number; readonly title: string }[] = [];
  let path: readonly string[] = [];
  let firstOfSection = 0;
  let open: OpenChunk | undefined;

  function flush(): void {
    if (open === undefined) return;
    for (const piece of cutSpan(text, open.start, open.end, { targetChars, maxChars, prefer: open.prefer })) {
      spans.push({ ...piece, headingPath: path });
    }
    open = undefined;
  }

  function endSection(): void {
    flush();
    const last = spans.at(-1);
    const previous = spans.at(-2);
    if (last !== undefined && previous !== undefined && spans.length - firstOfSection >= 2) {
      const isOrphan = last.end - last.start < targetChars * ORPHAN_SHARE;
      if (isOrphan && last.end - previous.start <= maxChars) spans.splice(-2, 2, { start: previous.start, end: last.end, headingPath: path });
    }
    firstOfSection = spans.length;
  }

  function addHeading(block: Extract<Block, { kind: "heading" }>): void {
    const { level, title } = block.heading;
    // A heading directly below a higher one (or below front matter) shares its chunk: neither says anything alone.
    const continues = open?.leadLevel !== undefined && level > open.leadLevel && block.end - open.start <= targetChars;
    if (!continues) endSection();
    while ((headings.at(-1)?.level ?? 0) >= level) headings.pop();
    if (title !== "") headings.push({ level, title });
    path = headings.map((heading) => heading.title);
    if (continues && open !== undefined) {
      open.end = block.end;
      open.leadLevel = level;
    } else open = { start: block.start, end: block.end, prefer: "sentences", leadLevel: level };
  }

  function addContent(block: Exclude<Block, { kind: "heading" }>): void {
    const prefer = block.kind === "lines" ? "lines" : "sentences";
    if (open !== undefined) {
      const joined = block.end - open.start;
      const isLead = open.leadLevel !== undefined;
      const mustBeCut = prefer === "sentences" || block.end - block.start > maxChars;
      if (joined <= (isLead ? maxChars : targetChars) || (isLead && mustBeCut && open.end - open.start <= targetChars / 4)) {
        open.end = block.end;
        open.prefer = prefer;
        open.leadLevel = undefined;
        return;
      }
      flush();
    }
    open = { start: block.start, end: block.end, prefer, leadLevel: block.kind === "preamble" ? 0 : undefined };
  }

  return {
    add(block: Block): void {
      if (block.kind === "heading") addHeading(block);
      else addContent(block);
    },
    finish(): ChunkSpan[] {
      endSection();
      return spans;
    },
  };
}
