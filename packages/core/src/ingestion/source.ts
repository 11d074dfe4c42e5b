/** Where documents come from: a port that lists files and reads them as text, and the refusals it may answer with. */
import { RagError } from "../errors.ts";
import type { DocumentFormat } from "../model.ts";

/** The step at which a file was set aside. */
export type IngestionStage = "read" | "decode" | "parse" | "chunk" | "store" | "index";

/** A file that can be read. */
export interface SourceEntry {
  readonly kind: "file";
  /** Path below the documents folder, `/` as separator; unique within one listing. */
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 of the file's bytes, in hexadecimal. */
  readonly sourceHash: string;
}

/** A file, or a whole folder, that cannot be read. What is stored of it is kept. */
export interface SourceFailure {
  readonly kind: "failure";
  readonly path: string;
  /** `folder`: nothing is known of the files below `path`; the empty path stands for all of them. */
  readonly scope: "file" | "folder";
  readonly stage: IngestionStage;
  /** For people: what is wrong, without internals. */
  readonly reason: string;
}

/** A file as read. */
export interface SourceDocument {
  readonly title: string;
  readonly format: DocumentFormat;
  /** Not empty, well-formed UTF-16, without NUL. */
  readonly text: string;
  /** Of the bytes that were read, which may be newer than those listed. */
  readonly sourceHash: string;
  readonly sizeBytes: number;
}

/** Lists and reads documents. */
export interface DocumentSource {
  /** Every path of this source begins with it; stored documents elsewhere are not its business. Empty: all are. */
  readonly pathPrefix: string;
  /** Paths that begin with it are another source's business all the same. Default: none. */
  readonly foreignPrefix?: string | undefined;
  /**
   * Every file, each path once, in a stable order.
   * @throws RagError when nothing can be listed at all: no document is removed then.
   */
  list(signal?: AbortSignal): AsyncIterable<SourceEntry | SourceFailure>;
  /** @throws UnprocessableDocument when this file cannot become text. */
  read(entry: SourceEntry, signal?: AbortSignal): Promise<SourceDocument>;
}

/**
 * One file cannot be used; the others can.
 *
 * @example
 * throw new UnprocessableDocument("decode", "it is binary, not text");
 */
export class UnprocessableDocument extends RagError {
  readonly stage: IngestionStage;

  constructor(stage: IngestionStage, reason: string, options: { readonly cause?: unknown } = {}) {
    super("unprocessable_document", reason, options);
    this.stage = stage;
  }
}
