/** What generations of vectors leave behind: builds that came to nothing, collections that nobody can go back to, chunks that have gone. */
import { RagError } from "../errors.ts";
import type { Clock, VectorStore } from "../ports.ts";
import type { GenerationStore, IndexGeneration } from "./generations.ts";
import type { Vectorizer } from "./vectorizer.ts";

export interface GenerationRemains {
  /** Removes a generation and its collection, unless it is live. */
  discard(generation: number): Promise<void>;
  /** Removes what was left half built. @param inHand number of the one that is being built here. */
  discardAbandoned(all: readonly IndexGeneration[], inHand: number | undefined): Promise<void>;
  /** The previous generation, unless nobody can go back to it any more: then it goes. */
  keptPrevious(vectorizer: Pick<Vectorizer, "id" | "isBuiltIn">): Promise<IndexGeneration | undefined>;
  /** Removes collections that nobody can go back to, and from the previous one what is no longer in the record. @returns whether all of it was done. */
  tidyUp(previous: IndexGeneration | undefined): Promise<boolean>;
}

/** No build takes longer: what has been building for so long was left behind by a server that is gone. */
const LONGEST_BUILD_MS = 86_400_000;

export function createGenerationRemains({
  store,
  generations,
  listRecordedChunks,
  isShared,
  clock,
  log,
}: {
  readonly store: VectorStore;
  readonly generations: Pick<GenerationStore, "listGenerations" | "removeGeneration">;
  readonly listRecordedChunks: () => Promise<ReadonlySet<string>>;
  /** Other servers may be building generations of the same record. */
  readonly isShared: boolean;
  readonly clock: Pick<Clock, "now">;
  readonly log: (level: "warn", message: string, fields: Readonly<Record<string, unknown>>) => void;
}): GenerationRemains {
  async function discard(generation: number): Promise<void> {
    if (await generations.removeGeneration(generation)) await store.drop(generation);
  }

  /** False when it cannot be read. With damaged files that stays so, and must not be in the way of what is live: the next run tries again. */
  async function tidyPrevious(of: IndexGeneration): Promise<boolean> {
    try {
      const collection = await store.open(of);
      const recorded = await listRecordedChunks();
      const gone = [...(await collection.listChunkIds())].filter((chunkId) => !recorded.has(chunkId));
      if (gone.length > 0) await collection.remove(gone);
      return true;
    } catch (error) {
      if (!(error instanceof RagError) || error.code !== "store_unavailable") throw error;
      log("warn", "the previous generation of vectors cannot be read", { generation: of.generation, err: error });
      return false;
    }
  }

  return {
    discard,
    async discardAbandoned(all, inHand) {
      for (const { generation, state, createdAtMs } of all) {
        const mayBeInHand = generation === inHand || (isShared && clock.now() - createdAtMs < LONGEST_BUILD_MS);
        if (state === "building" && !mayBeInHand) await discard(generation);
      }
    },
    async keptPrevious({ id, isBuiltIn }) {
      const previous = (await generations.listGenerations()).find(({ state }) => state === "previous");
      if (previous === undefined || !isBuiltIn || previous.embedderId === id) return previous;
      // A space that was outgrown is not kept, so nothing made with it is of use.
      await discard(previous.generation);
      return undefined;
    },
    async tidyUp(previous) {
      const isTidied = previous === undefined || (await tidyPrevious(previous));
      const listed = new Set((await generations.listGenerations()).map(({ generation }) => generation));
      for (const { generation } of await store.list()) if (!listed.has(generation)) await store.drop(generation);
      return isTidied;
    },
  };
}
