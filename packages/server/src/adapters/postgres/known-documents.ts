/** Documents whose text was read lately, so that the text need not travel again while it is still what the store holds. */
import type { StoredDocument } from "@rag-personal/core";
import { LRUCache } from "lru-cache";
import { createBatches } from "./batches.ts";
import { JSONB } from "./column-types.ts";
import type { Database, Query } from "./database.ts";

export interface KnownDocuments {
  /** The document if it is known and the store, asked after this call, holds that version; otherwise undefined. */
  confirmed(id: string): Promise<StoredDocument | undefined>;
  /** @param rowVersion `xmin` of its row: the transaction that wrote it. */
  keep(document: StoredDocument, rowVersion: string): void;
}

interface KnownDocument {
  readonly document: StoredDocument;
  readonly rowVersion: string;
}

/** UTF-16 units of all known texts: 20 MB at most. */
const MAX_UNITS = 10_000_000;
const MAX_DOCUMENTS = 5_000;
const BATCH_ROWS = 500;
const CONCURRENCY = 2;

export function createKnownDocuments({ query, connections }: Pick<Database, "query" | "connections">): KnownDocuments {
  const known = new LRUCache<string, KnownDocument>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_UNITS,
    sizeCalculation: ({ document }) => 1 + document.text.length,
  });
  const isCurrent = createBatches<KnownDocument, boolean>({
    run: (documents) => areCurrent(query, documents),
    maxUnits: BATCH_ROWS,
    concurrency: Math.min(CONCURRENCY, connections),
  });
  return {
    async confirmed(id) {
      const candidate = known.get(id);
      if (candidate === undefined) return undefined;
      if (await isCurrent(candidate)) return candidate.document;
      known.delete(id);
      return undefined;
    },
    keep: (document, rowVersion) => void known.set(document.id, { document, rowVersion }),
  };
}

/** The hash stands beside the row's version because numbers of transactions begin anew after four billion. */
async function areCurrent(query: Query, candidates: readonly KnownDocument[]): Promise<boolean[]> {
  const ids = [...new Set(candidates.map(({ document }) => document.id))];
  const rows = await query(
    (sql) => sql<{ id: string; content_hash: string; row_version: string }>`
      select id, content_hash, xmin::text as row_version
      from documents
      where id in (select jsonb_array_elements_text(${sql.typed(ids, JSONB)}))
    `,
  );
  const stored = new Map(rows.map((row) => [row.id, row]));
  return candidates.map(({ document, rowVersion }) => {
    const row = stored.get(document.id);
    return row?.row_version === rowVersion && row.content_hash === document.contentHash;
  });
}
