/** The generation of vectors that answers, and the one before it: opened, kept in step, switched. Its steps are taken one after the other. */
import { RagError } from "../errors.ts";
import type { VectorCollectionDescription, VectorStore } from "../ports.ts";
import type { GenerationRemains } from "./generation-remains.ts";
import type { GenerationStore, IndexGeneration } from "./generations.ts";
import { type LiveTarget, mismatch, openTarget } from "./live-target.ts";
import { type Synchronisation, synchronise } from "./synchronise.ts";
import type { Vectorizer } from "./vectorizer.ts";

export interface LiveGeneration {
  /** What answers, or should. */
  readonly target: LiveTarget | undefined;
  readonly previous: IndexGeneration | undefined;
  /** Why what the record calls live must not be used. */
  readonly refusal: RagError | undefined;
  /** Another one may have become live: the record is asked anew. */
  askAnew(): void;
  /** Something failed: besides, what the collection holds is looked at anew. */
  doubt(): void;
  /** Collections may be left over: the next step looks for them. */
  suspectRemains(): void;
  /**
   * Opens what is live and brings it into step.
   *
   * @param inHand number of the generation that is being built here.
   * @returns false when there is nothing live that was made with this model.
   */
  keepInStep(vectorizer: Vectorizer, inHand: number | undefined): Promise<boolean>;
  /** In one step. @throws RagError `conflict` when another server has made another one live meanwhile. */
  switchTo(next: LiveTarget): Promise<VectorCollectionDescription>;
  /** What another server has made live with the same model since this one asked last; undefined when there is none. */
  findTheirs(ours: IndexGeneration): Promise<IndexGeneration | undefined>;
  /** @throws RagError `conflict` when there is no previous one, or it was made with another model. */
  switchBack(vectorizer: Vectorizer | undefined): Promise<VectorCollectionDescription>;
  /** @returns false when there is none. */
  dropPrevious(): Promise<boolean>;
  /** Removes chunks from both. @returns how many what is live had; undefined when nothing is. */
  remove(chunkIds: readonly string[]): Promise<number | undefined>;
}

export function createLiveGeneration({
  store,
  generations,
  remains,
  synchronisation,
  isShared,
  onReached,
  onSwitched,
  log,
}: {
  readonly store: VectorStore;
  readonly generations: GenerationStore;
  readonly remains: GenerationRemains;
  readonly synchronisation: Synchronisation;
  /** Other servers may be switching generations of the same record. */
  readonly isShared: boolean;
  /** It is open, and questions are answered by it from here on, before what it holds was compared. */
  readonly onReached: () => void;
  /** Another one is live, and what is left over may be removed. */
  readonly onSwitched: () => void;
  readonly log: (level: "info" | "error", message: string, fields: Readonly<Record<string, unknown>>) => void;
}): LiveGeneration {
  let live: LiveTarget | undefined;
  /** Number of what the record called live when it was asked last, whatever it was made with. */
  let recordedLive: number | undefined;
  /** Something failed since the live collection was opened: it may be gone, or another one may have become live. */
  let isDoubtful = true;
  /** Collections may be left over that nobody can go back to. */
  let isUntidy = true;
  let previous: IndexGeneration | undefined;
  let refusal: RagError | undefined;

  /** What the record calls live, if it was made with this model. */
  async function open(vectorizer: Vectorizer, inHand: number | undefined): Promise<LiveTarget | undefined> {
    const all = await generations.listGenerations();
    await remains.discardAbandoned(all, inHand);
    previous = all.find(({ state }) => state === "previous");
    const found = all.find(({ state }) => state === "live");
    recordedLive = found?.generation;
    if (found === undefined) return undefined;
    try {
      if (found.embedderId !== vectorizer.id || found.dimensions !== vectorizer.dimensions) throw mismatch(found, vectorizer);
      const opened = await openTarget(store, found, vectorizer);
      refusal = undefined;
      return opened;
    } catch (error) {
      if (!(error instanceof RagError) || error.code !== "conflict") throw error;
      // What the index learnt itself is built anew at once; what a model made may have taken hours.
      if (!vectorizer.isBuiltIn) refuse(error);
      return undefined;
    }
  }

  function refuse(error: RagError): void {
    if (refusal?.message !== error.message) log("error", error.message, {});
    refusal = error;
  }

  async function switchTo(next: LiveTarget): Promise<VectorCollectionDescription> {
    const { generation } = next.generation;
    const from = live?.generation.generation;
    await generations.switchToGeneration(generation, isShared ? { live: recordedLive } : undefined);
    recordedLive = generation;
    live = next;
    refusal = undefined;
    log("info", "another generation of vectors is live", { generation, from, embedder: next.vectorizer.id });
    previous = (await generations.listGenerations().catch(() => [])).find(({ state }) => state === "previous");
    // The switch is done: what is left over may wait for the next run.
    isUntidy = true;
    onSwitched();
    return next.collection.description;
  }

  return {
    get target() {
      return live;
    },
    get previous() {
      return previous;
    },
    get refusal() {
      return refusal;
    },
    askAnew() {
      isDoubtful = true;
    },
    doubt() {
      isDoubtful = true;
      if (live !== undefined) live.known = undefined;
    },
    suspectRemains() {
      isUntidy = true;
    },
    async keepInStep(vectorizer, inHand) {
      if (isDoubtful) {
        live = (await open(vectorizer, inHand)) ?? live;
        isDoubtful = false;
      }
      if (live?.vectorizer.id !== vectorizer.id) return false;
      onReached();
      live.known ??= new Set(await live.collection.listChunkIds());
      await synchronise(live, synchronisation);
      if (isUntidy) {
        previous = await remains.keptPrevious(vectorizer);
        isUntidy = !(await remains.tidyUp(previous));
      }
      return true;
    },
    switchTo,
    async findTheirs({ embedderId }) {
      if (!isShared) return undefined;
      const found = (await generations.listGenerations()).find(({ state }) => state === "live");
      return found?.generation === recordedLive || found?.embedderId !== embedderId ? undefined : found;
    },
    async switchBack(vectorizer) {
      const all = await generations.listGenerations();
      const target = all.find(({ state }) => state === "previous");
      recordedLive = all.find(({ state }) => state === "live")?.generation;
      if (target === undefined) throw new RagError("conflict", "There is no previous generation to switch back to.");
      if (vectorizer?.id !== target.embedderId) throw mismatch(target, vectorizer);
      const back = await openTarget(store, target, vectorizer);
      await synchronise(back, synchronisation);
      return await switchTo(back);
    },
    async dropPrevious() {
      const target = (await generations.listGenerations()).find(({ state }) => state === "previous");
      if (target === undefined) return false;
      await remains.discard(target.generation);
      previous = undefined;
      return true;
    },
    async remove(chunkIds) {
      if (live === undefined) return undefined;
      const { known, collection } = live;
      await collection.remove(chunkIds);
      const removed = chunkIds.filter((id) => known?.delete(id) ?? true).length;
      if (previous !== undefined) await (await store.open(previous)).remove(chunkIds);
      return removed;
    },
  };
}
