/** Turns the bytes of a file into the text of a document. */
import { type SourceDocument, type Timers, UnprocessableDocument } from "@rag-personal/core";
import { createConverter } from "./conversion/converter.ts";
import { decodeText } from "./decode-text.ts";
import { type DocumentSyntax, formatOf } from "./document-syntax.ts";
import { findTitle, tidyTitle, titleOfPath } from "./document-title.ts";
import { storable } from "./storable-text.ts";

/** Options of {@link createDocumentReader}. */
export interface DocumentReaderOptions {
  readonly timers: Timers;
  /** Length of a converted text at most, in UTF-16 units. Default 67,108,864 (64 Mi). */
  readonly maxTextChars?: number | undefined;
  /** How long the conversion of one HTML, CSV or JSON file may take, in milliseconds. Default 10,000. */
  readonly conversionDeadlineMs?: number | undefined;
  /** Memory for conversions, in MiB. Default 512. */
  readonly conversionHeapMb?: number | undefined;
}

/** A file as it was found. */
export interface FileContent {
  /** Its name makes the title where the text has none. */
  readonly path: string;
  readonly syntax: DocumentSyntax;
  readonly bytes: Uint8Array;
}

export interface DocumentReader {
  /** @throws UnprocessableDocument when the bytes cannot become text; the reason of `signal`. */
  read(file: FileContent, signal?: AbortSignal): Promise<Pick<SourceDocument, "title" | "format" | "text">>;
  /** Ends the process that converts; to be called once nothing is read any more. */
  close(): Promise<void>;
}

const MAX_TEXT_CHARS = 64 * 1024 * 1024;

export function createDocumentReader({
  timers,
  maxTextChars: maxChars = MAX_TEXT_CHARS,
  conversionDeadlineMs,
  conversionHeapMb,
}: DocumentReaderOptions): DocumentReader {
  const converter = createConverter({ timers, deadlineMs: conversionDeadlineMs, maxHeapMb: conversionHeapMb });
  return {
    async read({ path, syntax, bytes }, signal) {
      const format = formatOf(syntax);
      const text = await decodeText(bytes, syntax === "html" ? declaredEncoding(bytes) : undefined);
      if (syntax === "markdown" || syntax === "text") return { format, title: findTitle(text, syntax) ?? titleOfPath(path), text };
      const converted = await converter.convert({ syntax, text, maxChars }, signal);
      const tidied = storable(converted.text);
      if (!/\S/.test(tidied)) throw new UnprocessableDocument("parse", "it holds no text");
      return { format, title: tidyTitle(storable(converted.title)) ?? titleOfPath(path), text: tidied };
    },
    close: () => converter.close(),
  };
}

/** The encoding that a page states in its head; Windows-1252 and UTF-8 are tried anyway. */
function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  return /<meta[^>]{0,200}charset\s*=\s*["']?([\w:.-]+)/i.exec(head)?.[1];
}
