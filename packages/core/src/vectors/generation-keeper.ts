/** The generations of vectors over their life: one is live, the next is built beside it, the switch is one step. */
import { RagError } from "../errors.ts";
import type { IndexedChunk } from "../model.ts";
import type { Clock, VectorCollectionDescription, VectorStore } from "../ports.ts";
import type { Timers } from "../resilience/timers.ts";
import type { GenerationStore, IndexGeneration } from "./generations.ts";
import { createRetryLoop } from "./retry-loop.ts";
import { type Synchronisation, synchronise, type Target } from "./synchronise.ts";
import { OutgrownError, type Vectorizer } from "./vectorizer.ts";

export interface GenerationKeeperDependencies {
  readonly store: VectorStore;
  readonly generations: GenerationStore;
  /** What makes the vectors now; undefined while there is nothing that could. */
  readonly vectorizer: () => Vectorizer | undefined;
  /** The chunks as they are now, by id. */
  readonly expected: () => ReadonlyMap<string, IndexedChunk>;
  /** Ids of all chunks in the record. */
  readonly listRecordedChunks: () => Promise<ReadonlySet<string>>;
  /** Other servers may be building generations of the same record: then one that is being built is nobody's remains. Default false. */
  readonly isShared?: boolean | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: (level: "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export type LiveTarget = Target & { readonly generation: IndexGeneration };

export interface GenerationKeeper {
  /** What answers, or should. */
  readonly live: LiveTarget | undefined;
  readonly previous: IndexGeneration | undefined;
  readonly building: { readonly generation: number; readonly done: number; readonly total: number } | undefined;
  /** Why the live generation must not be used. */
  readonly refusal: RagError | undefined;
  /** Why the last attempt to bring the vectors into step failed; undefined when it did not. */
  readonly problem: string | undefined;
  /** Begins to bring the live generation into step; resolves at once. */
  trigger(): void;
  /** The store is back: what waits for its next attempt is tried now. */
  hurry(): void;
  /** Something failed: what is known of the collections is looked at anew. */
  doubt(): void;
  /** Looks at everything anew and mends what it can; resolves when that was tried. */
  repair(): Promise<void>;
  /** Resolves when nothing is under way or due. */
  idle(): Promise<void>;
  /** Removes chunks from everything that is kept. @returns how many the live generation had; undefined when that is left for later. */
  remove(chunkIds: readonly string[]): Promise<number | undefined>;
  /** @throws as `VectorIndex.reindex`. */
  rebuild(): Promise<VectorCollectionDescription>;
  /** @throws as `VectorIndex.switchBack`. */
  switchBack(): Promise<VectorCollectionDescription>;
  dropPrevious(): Promise<boolean>;
  stop(): Promise<void>;
}

/** No build takes longer: what has been building for so long was left behind by a server that is gone. */
const LONGEST_BUILD_MS = 86_400_000;

export function createGenerationKeeper(dependencies: GenerationKeeperDependencies): GenerationKeeper {
  const { store, generations, expected, listRecordedChunks, clock, log } = dependencies;
  const stopping = new AbortController();
  let live: LiveTarget | undefined;
  /** Number of what the record called live when it was asked last, whatever it was made with. */
  let recordedLive: number | undefined;
  /** Something failed since the live collection was opened: it may be gone, or another one may have become live. */
  let isDoubtful = true;
  /** Collections may be left over that nobody can go back to. */
  let isUntidy = true;
  let previous: IndexGeneration | undefined;
  let building: GenerationKeeper["building"];
  let refusal: RagError | undefined;
  let rebuilding: Promise<VectorCollectionDescription> | undefined;
  /** Steps that look at or change what is live run one after the other. */
  let queue: Promise<unknown> = Promise.resolve();

  const loop = createRetryLoop({ run: bringIntoStep, onLateCheck: doubt, timers: dependencies.timers, clock, log });

  function doubt(): void {
    isDoubtful = true;
    if (live !== undefined) live.known = undefined;
  }

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = queue.then(step);
    queue = done.catch(() => undefined);
    return done;
  }

  const inStepWith = (onProgress?: Synchronisation["onProgress"]): Synchronisation => {
    return { expected, recorded: listRecordedChunks, signal: stopping.signal, onProgress };
  };

  async function open(of: IndexGeneration, vectorizer: Vectorizer): Promise<LiveTarget> {
    const { generation, embedderId, dimensions } = of;
    return { generation: of, vectorizer, known: undefined, collection: await store.open({ generation, embedderId, dimensions }) };
  }

  /** One pass: opens what is live, builds it when there is none, and brings it into step. */
  async function bringIntoStep(): Promise<void> {
    const vectorizer = dependencies.vectorizer();
    if (vectorizer === undefined) return;
    try {
      let isLive = await inTurn(() => keepLiveInStep(vectorizer));
      if (!isLive && dependencies.isShared === true) {
        // Another server may have built what this one is about to.
        isDoubtful = true;
        isLive = await inTurn(() => keepLiveInStep(vectorizer));
      }
      if (!isLive && refusal === undefined && building === undefined) await build(vectorizer);
    } catch (error) {
      doubt();
      // The refresh that follows every change of the space begins anew.
      if (!(error instanceof OutgrownError)) throw error;
    }
  }

  /** False when there is nothing live that was made with this model. */
  async function keepLiveInStep(vectorizer: Vectorizer): Promise<boolean> {
    if (isDoubtful) {
      live = (await openLive(vectorizer)) ?? live;
      isDoubtful = false;
    }
    if (live?.vectorizer.id !== vectorizer.id) return false;
    // Questions are answered by it from here on; what it holds is compared beside that.
    loop.reached();
    live.known ??= new Set(await live.collection.listChunkIds());
    await synchronise(live, inStepWith());
    if (isUntidy) isUntidy = !(await tidyUp(vectorizer));
    return true;
  }

  /** What the record calls live, if it was made with this model. */
  async function openLive(vectorizer: Vectorizer): Promise<LiveTarget | undefined> {
    const all = await generations.listGenerations();
    for (const { generation, state, createdAtMs } of all) {
      const mayBeInHand = generation === building?.generation || (dependencies.isShared === true && clock.now() - createdAtMs < LONGEST_BUILD_MS);
      if (state === "building" && !mayBeInHand) await discard(generation);
    }
    previous = all.find(({ state }) => state === "previous");
    const found = all.find(({ state }) => state === "live");
    recordedLive = found?.generation;
    if (found === undefined) return undefined;
    try {
      if (found.embedderId !== vectorizer.id || found.dimensions !== vectorizer.dimensions) throw mismatch(found, vectorizer);
      const opened = await open(found, vectorizer);
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

  /** Fills the next generation, then switches to it in one step. */
  async function build(vectorizer: Vectorizer): Promise<VectorCollectionDescription> {
    const generation = await generations.beginGeneration({
      embedderId: vectorizer.id,
      dimensions: vectorizer.dimensions,
      createdAtMs: clock.now(),
    });
    const { generation: number } = generation;
    building = { generation: number, done: 0, total: expected().size };
    try {
      const step = inStepWith(({ done, total }) => {
        building = { generation: number, done, total };
      });
      // Opened anew each time: a store that has lost its files has no collection to go on with.
      const next = await loop.untilItWorks(async () => {
        const target = await open(generation, vectorizer);
        await synchronise(target, step);
        return target;
      }, stopping.signal);
      return await inTurn(async () => {
        // What came while the last batch was written.
        await synchronise(next, step);
        try {
          return await switchTo(next);
        } catch (error) {
          const theirs = await builtMeanwhile(next);
          if (theirs === undefined) throw error;
          return theirs;
        }
      });
    } catch (error) {
      await discard(number).catch(() => undefined);
      throw error;
    } finally {
      building = undefined;
    }
  }

  /** Where another server has made the same live meanwhile, that one counts, and the one built here goes. */
  async function builtMeanwhile({ generation }: LiveTarget): Promise<VectorCollectionDescription | undefined> {
    if (dependencies.isShared !== true) return undefined;
    const found = (await generations.listGenerations()).find(({ state }) => state === "live");
    if (found === undefined || found.generation === recordedLive || found.embedderId !== generation.embedderId) return undefined;
    await discard(generation.generation);
    doubt();
    loop.trigger();
    return { generation: found.generation, embedderId: found.embedderId, dimensions: found.dimensions };
  }

  async function switchTo(next: LiveTarget): Promise<VectorCollectionDescription> {
    const { generation } = next.generation;
    const from = live?.generation.generation;
    await generations.switchToGeneration(generation, dependencies.isShared === true ? { live: recordedLive } : undefined);
    recordedLive = generation;
    live = next;
    refusal = undefined;
    log("info", "another generation of vectors is live", { generation, from, embedder: next.vectorizer.id });
    previous = (await generations.listGenerations().catch(() => [])).find(({ state }) => state === "previous");
    // The switch is done: what is left over may wait for the next run.
    isUntidy = true;
    loop.trigger();
    return next.collection.description;
  }

  /** Removes collections that nobody can go back to, and from the previous one what is no longer in the record. @returns whether all of it was done. */
  async function tidyUp({ id, isBuiltIn }: Vectorizer): Promise<boolean> {
    previous = (await generations.listGenerations()).find(({ state }) => state === "previous");
    if (previous !== undefined && isBuiltIn && previous.embedderId !== id) {
      // A space that was outgrown is not kept, so nothing made with it is of use.
      await discard(previous.generation);
      previous = undefined;
    }
    const isTidied = previous === undefined || (await tidyPrevious(previous));
    const listed = new Set((await generations.listGenerations()).map(({ generation }) => generation));
    for (const { generation } of await store.list()) if (!listed.has(generation)) await store.drop(generation);
    return isTidied;
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

  async function discard(generation: number): Promise<void> {
    if (await generations.removeGeneration(generation)) await store.drop(generation);
  }

  return {
    get live() {
      return live;
    },
    get previous() {
      return previous;
    },
    get building() {
      return building;
    },
    get refusal() {
      return refusal;
    },
    get problem() {
      return loop.problem();
    },
    trigger: () => loop.trigger(),
    hurry: () => loop.hurry(),
    doubt,
    async repair() {
      doubt();
      isUntidy = true;
      await loop.runOnce();
    },
    idle: () => loop.idle(),

    remove: (chunkIds) =>
      inTurn(async () => {
        if (live === undefined) return undefined;
        const { known, collection } = live;
        await collection.remove(chunkIds);
        const removed = chunkIds.filter((id) => known?.delete(id) ?? true).length;
        if (previous !== undefined) await (await store.open(previous)).remove(chunkIds);
        return removed;
      }).catch((error: unknown) => {
        if (!(error instanceof RagError)) throw error;
        // The next run lists what is there, and removes it then.
        doubt();
        isUntidy = true;
        loop.trigger();
        return undefined;
      }),

    async rebuild() {
      const vectorizer = dependencies.vectorizer();
      if (vectorizer === undefined) throw new RagError("not_ready", "There is nothing to build vectors with yet.", { retryAfterSeconds: 5 });
      if (rebuilding !== undefined || building !== undefined) {
        throw new RagError("conflict", "A generation is being built already. GET /admin/index tells how far it is.");
      }
      rebuilding = build(vectorizer).finally(() => {
        rebuilding = undefined;
        loop.trigger();
      });
      return await rebuilding;
    },

    switchBack: () =>
      inTurn(async () => {
        const vectorizer = dependencies.vectorizer();
        const all = await generations.listGenerations();
        const target = all.find(({ state }) => state === "previous");
        recordedLive = all.find(({ state }) => state === "live")?.generation;
        if (target === undefined) throw new RagError("conflict", "There is no previous generation to switch back to.");
        if (vectorizer?.id !== target.embedderId) throw mismatch(target, vectorizer);
        const back = await open(target, vectorizer);
        await synchronise(back, inStepWith());
        return await switchTo(back);
      }),

    dropPrevious: () =>
      inTurn(async () => {
        const target = (await generations.listGenerations()).find(({ state }) => state === "previous");
        if (target === undefined) return false;
        await discard(target.generation);
        previous = undefined;
        return true;
      }),

    async stop() {
      stopping.abort(new Error("the server is stopping"));
      await loop.stop();
      await rebuilding?.catch(() => undefined);
      await queue;
    },
  };
}

function mismatch(found: IndexGeneration, vectorizer: Vectorizer | undefined): RagError {
  return new RagError(
    "conflict",
    `Generation ${found.generation} of the vectors was made with ${found.embedderId} (${found.dimensions} dimensions), and the server is configured for ${vectorizer?.id ?? "none"} (${vectorizer?.dimensions ?? 0}). They are not mixed: run "rag reindex" to build the vectors anew, or configure the earlier model.`,
  );
}
