/** The generations of vectors over their life: one is live, the next is built beside it, the switch is one step. */
import { RagError } from "../errors.ts";
import type { IndexedChunk } from "../model.ts";
import type { Clock, VectorCollectionDescription, VectorStore } from "../ports.ts";
import type { Timers } from "../resilience/timers.ts";
import { createGenerationBuild, type GenerationBuild } from "./generation-build.ts";
import { createGenerationRemains } from "./generation-remains.ts";
import type { GenerationStore, IndexGeneration } from "./generations.ts";
import { createLiveGeneration } from "./live-generation.ts";
import type { LiveTarget } from "./live-target.ts";
import { createRetryLoop } from "./retry-loop.ts";
import { type Synchronisation, synchronise } from "./synchronise.ts";
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

export interface GenerationKeeper {
  /** What answers, or should. */
  readonly live: LiveTarget | undefined;
  readonly previous: IndexGeneration | undefined;
  readonly building: GenerationBuild["progress"];
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

export function createGenerationKeeper(dependencies: GenerationKeeperDependencies): GenerationKeeper {
  const { store, generations, expected, listRecordedChunks, isShared = false, timers, clock, log } = dependencies;
  const stopping = new AbortController();
  let rebuilding: Promise<VectorCollectionDescription> | undefined;
  /** Steps that look at or change what is live run one after the other. */
  let queue: Promise<unknown> = Promise.resolve();

  const loop = createRetryLoop({ run: bringIntoStep, onLateCheck: () => live.doubt(), timers, clock, log });
  const remains = createGenerationRemains({ store, generations, listRecordedChunks, isShared, clock, log });
  const { discard } = remains;
  const synchronisation: Synchronisation = { expected, recorded: listRecordedChunks, signal: stopping.signal };
  const build = createGenerationBuild({ store, generations, clock, synchronisation, untilItWorks: loop.untilItWorks, discard });
  const live = createLiveGeneration({
    store,
    generations,
    remains,
    synchronisation,
    isShared,
    onReached: loop.reached,
    onSwitched: loop.trigger,
    log,
  });

  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = queue.then(step);
    queue = done.catch(() => undefined);
    return done;
  }

  const keepLiveInStep = (vectorizer: Vectorizer): Promise<boolean> => inTurn(() => live.keepInStep(vectorizer, build.progress?.generation));

  /** One pass: opens what is live, builds it when there is none, and brings it into step. */
  async function bringIntoStep(): Promise<void> {
    const vectorizer = dependencies.vectorizer();
    if (vectorizer === undefined) return;
    try {
      let isLive = await keepLiveInStep(vectorizer);
      if (!isLive && isShared) {
        // Another server may have built what this one is about to.
        live.askAnew();
        isLive = await keepLiveInStep(vectorizer);
      }
      if (!isLive && live.refusal === undefined && build.progress === undefined) await buildNext(vectorizer);
    } catch (error) {
      live.doubt();
      // The refresh that follows every change of the space begins anew.
      if (!(error instanceof OutgrownError)) throw error;
    }
  }

  /** Fills the next generation, then switches to it in one step. */
  const buildNext = (vectorizer: Vectorizer): Promise<VectorCollectionDescription> =>
    build.run(vectorizer, (next, step) =>
      inTurn(async () => {
        // What came while the last batch was written.
        await synchronise(next, step);
        try {
          return await live.switchTo(next);
        } catch (error) {
          const theirs = await live.findTheirs(next.generation);
          if (theirs === undefined) throw error;
          return await giveWayTo(theirs, next.generation);
        }
      }),
    );

  /** Where another server has made the same live meanwhile, that one counts, and the one built here goes. */
  async function giveWayTo({ generation, embedderId, dimensions }: IndexGeneration, ours: IndexGeneration): Promise<VectorCollectionDescription> {
    await discard(ours.generation);
    live.doubt();
    loop.trigger();
    return { generation, embedderId, dimensions };
  }

  return {
    get live() {
      return live.target;
    },
    get previous() {
      return live.previous;
    },
    get building() {
      return build.progress;
    },
    get refusal() {
      return live.refusal;
    },
    get problem() {
      return loop.problem();
    },
    trigger: () => loop.trigger(),
    hurry: () => loop.hurry(),
    doubt: () => live.doubt(),
    async repair() {
      live.doubt();
      live.suspectRemains();
      await loop.runOnce();
    },
    idle: () => loop.idle(),

    remove: (chunkIds) =>
      inTurn(() => live.remove(chunkIds)).catch((error: unknown) => {
        if (!(error instanceof RagError)) throw error;
        // The next run lists what is there, and removes it then.
        live.doubt();
        live.suspectRemains();
        loop.trigger();
        return undefined;
      }),

    async rebuild() {
      const vectorizer = dependencies.vectorizer();
      if (vectorizer === undefined) throw new RagError("not_ready", "There is nothing to build vectors with yet.", { retryAfterSeconds: 5 });
      if (rebuilding !== undefined || build.progress !== undefined) {
        throw new RagError("conflict", "A generation is being built already. GET /admin/index tells how far it is.");
      }
      rebuilding = buildNext(vectorizer).finally(() => {
        rebuilding = undefined;
        loop.trigger();
      });
      return await rebuilding;
    },

    switchBack: () => inTurn(() => live.switchBack(dependencies.vectorizer())),
    dropPrevious: () => inTurn(() => live.dropPrevious()),

    async stop() {
      stopping.abort(new Error("the server is stopping"));
      await loop.stop();
      await rebuilding?.catch(() => undefined);
      await queue;
    },
  };
}
