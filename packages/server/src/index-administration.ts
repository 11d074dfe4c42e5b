/** What an administrator may ask of the derived stores: how they stand, to build them anew, to go back, to compare them with the record. */
import {
  type DocumentStore,
  type EmbeddingStore,
  examineVectors,
  type GenerationStore,
  type HybridIndexStats,
  type IndexedChunk,
  RagError,
  type VectorCollectionDescription,
  type VectorIndex,
  type VectorIndexStatus,
  type VectorStore,
} from "@rag-personal/core";
import type { Logger } from "pino";
import type { SearchIndex } from "./search-index.ts";

/** The last time the vectors were built anew by hand. */
export interface ReindexRun {
  readonly state: "running" | "succeeded" | "failed";
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly error: string | null;
}

export interface IndexDescription {
  readonly search: HybridIndexStats;
  /** Null when neither a vector store nor an embedding model is configured. */
  readonly vectors: VectorIndexStatus | null;
  readonly reindex: ReindexRun | null;
}

/** One way in which a store differs from the record. */
export interface Finding {
  readonly store: "search index" | "vectors" | "embeddings" | "collections";
  readonly kind: "missing" | "surplus" | "unfindable" | "unreachable" | "refused";
  readonly count: number;
  /** A few of them, to look at. */
  readonly examples: readonly string[];
}

export interface DoctorReport {
  readonly record: { readonly documents: number; readonly chunks: number };
  /** Stores that were compared. */
  readonly examined: readonly Finding["store"][];
  /** What differs, after the repair if there was one; empty when all is well. */
  readonly findings: readonly Finding[];
  /** What a repair found, and mended unless it stands in `findings` still. */
  readonly repaired: readonly Finding[];
}

export interface IndexAdministration {
  describe(): IndexDescription;
  /** Begins to build the next generation of vectors. @throws RagError `conflict` when there are none, or one is being built. */
  reindex(): IndexDescription;
  /** @throws RagError `conflict` when there is nothing to go back to. */
  switchBack(): Promise<VectorCollectionDescription>;
  /** @returns whether there was one. */
  dropPrevious(): Promise<boolean>;
  examine(options: { readonly repair: boolean }): Promise<DoctorReport>;
}

/** The vectors with the stores that they are kept in. */
export interface VectorParts {
  readonly index: VectorIndex;
  readonly store: VectorStore;
  readonly generations: GenerationStore;
  readonly embeddings: EmbeddingStore;
  readonly digestOf: (chunk: IndexedChunk) => Promise<string>;
}

const EXAMPLES = 5;

export function createIndexAdministration({
  documents,
  search,
  vectors,
  nowIso,
  log,
}: {
  readonly documents: Pick<DocumentStore, "listDocuments" | "listChunkIds">;
  readonly search: Pick<SearchIndex, "chunkIds" | "reload" | "stats">;
  readonly vectors: VectorParts | undefined;
  readonly nowIso: () => string;
  readonly log: Pick<Logger, "error">;
}): IndexAdministration {
  let run: ReindexRun | null = null;

  function requireVectors(): VectorParts {
    if (vectors !== undefined) return vectors;
    throw new RagError(
      "conflict",
      "There are no vectors to build: neither CHROMA_URL nor EMBEDDING_MODEL is set. The search index is built at each start.",
    );
  }

  const describe = (): IndexDescription => ({ search: search.stats(), vectors: vectors?.index.status() ?? null, reindex: run });

  async function look(): Promise<Pick<DoctorReport, "examined" | "findings"> & { readonly orphans: readonly string[] }> {
    const recorded = await documents.listChunkIds();
    const searchable = search.chunkIds();
    const findings: Finding[] = [
      finding("search index", "missing", without(recorded, searchable)),
      finding("search index", "surplus", without(searchable, recorded)),
    ];
    if (vectors === undefined) return { examined: ["search index"], findings: findings.filter(isReal), orphans: [] };
    const { state, problem } = vectors.index.status();
    if (state === "refused") findings.push({ store: "vectors", kind: "refused", count: 1, examples: [problem ?? ""] });
    try {
      const examined = await examineVectors({ ...vectors, listRecordedChunks: async () => recorded });
      findings.push(
        finding("vectors", "missing", examined.missing),
        finding("vectors", "surplus", examined.surplus),
        finding("vectors", "unfindable", examined.unfindable),
        finding("collections", "surplus", examined.unlisted.map(String)),
        finding("embeddings", "surplus", examined.orphanedEmbeddings),
      );
      const all = ["search index", "vectors", "collections", "embeddings"] as const;
      return { examined: all, findings: findings.filter(isReal), orphans: examined.orphanedEmbeddings };
    } catch (error) {
      if (!(error instanceof RagError) || error.code !== "store_unavailable") throw error;
      findings.push({ store: "vectors", kind: "unreachable", count: 1, examples: [error.message] });
      return { examined: ["search index"], findings: findings.filter(isReal), orphans: [] };
    }
  }

  return {
    describe,
    reindex() {
      const { index } = requireVectors();
      const { building } = index.status();
      if (run?.state === "running" || building !== undefined) {
        throw new RagError("conflict", "The vectors are being built already. GET /admin/index tells how far they are.");
      }
      const begun: ReindexRun = { state: "running", startedAt: nowIso(), finishedAt: null, error: null };
      run = begun;
      index.reindex().then(
        () => {
          run = { ...begun, state: "succeeded", finishedAt: nowIso() };
        },
        (error: unknown) => {
          const reason = error instanceof RagError ? error.message : "It failed unexpectedly; the log says why.";
          if (!(error instanceof RagError)) log.error({ err: error }, "the vectors could not be built anew");
          run = { ...begun, state: "failed", finishedAt: nowIso(), error: reason };
        },
      );
      return describe();
    },
    switchBack: async () => await requireVectors().index.switchBack(),
    dropPrevious: async () => await requireVectors().index.dropPrevious(),

    async examine({ repair }) {
      const before = await look();
      if (repair && before.findings.length > 0) {
        await search.reload();
        await vectors?.index.repair();
        if (before.orphans.length > 0) await vectors?.embeddings.removeEmbeddings(before.orphans);
      }
      const after = repair ? await look() : before;
      const stored = await documents.listDocuments();
      return {
        record: { documents: stored.length, chunks: stored.reduce((sum, { chunkCount }) => sum + chunkCount, 0) },
        examined: after.examined,
        findings: after.findings,
        repaired: repair ? before.findings : [],
      };
    },
  };
}

const isReal = ({ count }: Finding): boolean => count > 0;

function finding(store: Finding["store"], kind: Finding["kind"], ids: readonly string[]): Finding {
  return { store, kind, count: ids.length, examples: ids.slice(0, EXAMPLES) };
}

function without(ids: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...ids].filter((id) => !others.has(id));
}
