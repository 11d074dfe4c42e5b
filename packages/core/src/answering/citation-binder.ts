/** Step 9, the binding: a number in an answer becomes a span of the stored text, compared with that text before it is sent. */
import { RagError } from "../errors.ts";
import type { Citation, SearchHit, StoredDocument } from "../model.ts";
import type { DocumentStore, Telemetry } from "../ports.ts";

/** A span of a source: offsets into its document. */
export interface QuotedSpan {
  readonly start: number;
  readonly end: number;
}

export interface CitationBinderOptions {
  /** Source `n` is `hits[n - 1]`. */
  readonly hits: readonly SearchHit[];
  readonly documents: Pick<DocumentStore, "getDocument">;
  readonly telemetry: Pick<Telemetry, "citationDropped">;
}

export interface CitationBinder {
  /**
   * Cites a span of a source. Citing the same span again gives the same citation.
   *
   * @returns false when the source does not exist or the stored text is not what was quoted; this is counted.
   */
  bind(number: number, span: QuotedSpan): Promise<boolean>;
  /** Whether a quote was dropped because the stored text is no longer what the index holds. */
  haveSourcesChanged(): boolean;
  /** What has been cited, in order of first use. */
  citations(): readonly Citation[];
  /**
   * True once the store was away: then a quote was compared with the text that the index holds, which came from the store when the
   * document was last loaded.
   */
  isStoreAway(): boolean;
}

export function createCitationBinder({ hits, documents, telemetry }: CitationBinderOptions): CitationBinder {
  const citations = new Map<string, Citation>();
  let isStoreAway = false;
  let haveSourcesChanged = false;

  /** Read at this moment, not when the answer began: the document may have changed while it was being written. */
  async function isAsStored(citation: Citation): Promise<boolean> {
    try {
      return isInDocument(citation, await documents.getDocument(citation.documentId));
    } catch (error) {
      if (!(error instanceof RagError) || error.code !== "store_unavailable") throw error;
      isStoreAway = true;
      return true;
    }
  }

  return {
    async bind(number, { start, end }) {
      const hit = hits[number - 1];
      if (hit !== undefined) {
        const key = `${number} ${start} ${end}`;
        if (citations.has(key)) return true;
        const { chunk } = hit;
        const citation: Citation = {
          number,
          documentId: chunk.documentId,
          chunkId: chunk.id,
          contentHash: chunk.contentHash,
          path: chunk.path,
          title: chunk.title,
          headingPath: chunk.headingPath,
          start,
          end,
          quote: chunk.text.slice(start - chunk.start, end - chunk.start),
          score: hit.score,
        };
        if (isInChunk(citation, hit)) {
          if (await isAsStored(citation)) {
            citations.set(key, citation);
            return true;
          }
          haveSourcesChanged = true;
        }
      }
      telemetry.citationDropped();
      return false;
    },
    citations: () => [...citations.values()],
    haveSourcesChanged: () => haveSourcesChanged,
    isStoreAway: () => isStoreAway,
  };
}

function isInChunk({ start, end }: Citation, { chunk }: SearchHit): boolean {
  return start >= chunk.start && end <= chunk.end && start < end;
}

/** Whether the stored document holds the quote at its place, in the version that was cited. */
export function isInDocument(citation: Citation, document: StoredDocument | undefined): boolean {
  return document?.contentHash === citation.contentHash && document.text.slice(citation.start, citation.end) === citation.quote;
}
