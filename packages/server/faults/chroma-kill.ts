/** F8: Chroma is killed with -9 while documents are read, and comes back on the same files. */
import { setTimeout as delay } from "node:timers/promises";
import { isChromaAway, PROMISED_WITHOUT_CHROMA, startChromaScene } from "./chroma-scene.ts";
import { runEpisodes } from "./episodes.ts";
import { quantile } from "./figures.ts";
import type { RowOptions, RowResult } from "./row.ts";

/** The kill comes within so many milliseconds after the reading began. */
const WITHIN_MS = 800;

export async function killChroma(options: RowOptions): Promise<RowResult> {
  const scene = await startChromaScene(options);
  const inStepMs: number[] = [];
  const episodes = await runEpisodes(
    {
      async prepare() {
        inStepMs.push(await scene.untilInStep());
        await scene.changeDocuments();
        await delay(options.random() * WITHIN_MS);
      },
      begin: () => scene.chroma.kill(),
      end: () => scene.chroma.restart(),
      isDetected: () => isChromaAway(scene.observer),
      isHealed: () => scene.isBack(),
      lastsMs: { atLeast: 200, upTo: 1_000 },
    },
    options,
  );
  const { violations, remark } = await scene.checkVectors();
  const slowest = Math.round(Math.max(...inStepMs));
  const remarks = [remark, `changed documents read and in step after ${Math.round(quantile(inStepMs, 0.5))} ms more (median), ${slowest} ms at most`];
  return await scene.finish({ promised: PROMISED_WITHOUT_CHROMA, episodes, violations, remarks });
}
