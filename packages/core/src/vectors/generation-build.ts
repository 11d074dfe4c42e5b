/** The building of the next generation of vectors, beside the one that answers. */
import type { Clock, VectorStore } from "../ports.ts";
import type { GenerationStore } from "./generations.ts";
import { type LiveTarget, openTarget } from "./live-target.ts";
import type { RetryLoop } from "./retry-loop.ts";
import { type Synchronisation, synchronise } from "./synchronise.ts";
import type { Vectorizer } from "./vectorizer.ts";

export interface GenerationBuild {
  /** How far it is; undefined while nothing is built. */
  readonly progress: { readonly generation: number; readonly done: number; readonly total: number } | undefined;
  /**
   * Fills a new generation and hands it to `finish`, with how to bring it into step once more. What was begun and came to nothing is removed.
   *
   * @throws what the record, the store or the model throws and no waiting mends; what `finish` throws.
   */
  run<T>(vectorizer: Vectorizer, finish: (next: LiveTarget, step: Synchronisation) => Promise<T>): Promise<T>;
}

export function createGenerationBuild({
  store,
  generations,
  clock,
  synchronisation,
  untilItWorks,
  discard,
}: {
  readonly store: VectorStore;
  readonly generations: Pick<GenerationStore, "beginGeneration">;
  readonly clock: Pick<Clock, "now">;
  readonly synchronisation: Omit<Synchronisation, "onProgress">;
  readonly untilItWorks: RetryLoop["untilItWorks"];
  readonly discard: (generation: number) => Promise<void>;
}): GenerationBuild {
  let progress: GenerationBuild["progress"];
  return {
    get progress() {
      return progress;
    },
    async run(vectorizer, finish) {
      const { id, dimensions } = vectorizer;
      const generation = await generations.beginGeneration({ embedderId: id, dimensions, createdAtMs: clock.now() });
      const { generation: number } = generation;
      progress = { generation: number, done: 0, total: synchronisation.expected().size };
      try {
        const step: Synchronisation = {
          ...synchronisation,
          onProgress({ done, total }) {
            progress = { generation: number, done, total };
          },
        };
        // Opened anew each time: a store that has lost its files has no collection to go on with.
        const next = await untilItWorks(async () => {
          const target = await openTarget(store, generation, vectorizer);
          await synchronise(target, step);
          return target;
        }, synchronisation.signal);
        return await finish(next, step);
      } catch (error) {
        await discard(number).catch(() => undefined);
        throw error;
      } finally {
        progress = undefined;
      }
    },
  };
}
