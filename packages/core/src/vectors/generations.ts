/** Which collections of vectors there are, and which one answers: kept in the record, so that all servers agree. */
import type { VectorCollectionDescription } from "../ports.ts";

export interface IndexGeneration extends VectorCollectionDescription {
  /** `building` until it is complete, then `live`, then `previous` until the one after it takes its place. One is live at most. */
  readonly state: "building" | "live" | "previous";
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** Every method throws `store_unavailable` when the record is away. */
export interface GenerationStore {
  /** In order of their numbers. */
  listGenerations(): Promise<readonly IndexGeneration[]>;
  /** Adds a generation that is being built, under the number after the highest there ever was. */
  beginGeneration(of: Pick<IndexGeneration, "embedderId" | "dimensions" | "createdAtMs">): Promise<IndexGeneration>;
  /**
   * In one step: the generation becomes live, the one that was live becomes the previous one. Older ones are no longer kept.
   *
   * @param from if given, the number of the one that is to be live until then, or undefined for none.
   * @throws RagError `conflict` when there is no such generation any more, or another one is live; then nothing is changed.
   */
  switchToGeneration(number: number, from?: { readonly live: number | undefined }): Promise<void>;
  /** Never removes what is live. @returns whether it is gone. */
  removeGeneration(number: number): Promise<boolean>;
}

/** Vectors by what they were made of, so that no text is embedded twice. Every method throws `store_unavailable` when the record is away. */
export interface EmbeddingStore {
  /** By digest of the text; what is not stored is not in it. */
  loadEmbeddings(embedderId: string, digests: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  saveEmbeddings(embedderId: string, vectors: ReadonlyMap<string, Float32Array>): Promise<void>;
  /** Digests of all texts with a vector, of any embedder. */
  listEmbeddingDigests(): Promise<ReadonlySet<string>>;
  /** Forgets the vectors of these texts, of every embedder. @returns how many went. */
  removeEmbeddings(digests: readonly string[]): Promise<number>;
}
