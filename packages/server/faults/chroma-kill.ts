/** F8: Chroma is killed with -9 while documents are read, and comes back on the same files. */
import { setTimeout as delay } from "node:timers/promises";
import { isChromaAway, PROMISED_WITHOUT_CHROMA, startChromaScene } from "./chroma-scene.ts";
import { runEpisodes } from "./episodes.ts";
import type { RowOptions, RowResult } from "./row.ts";

/** The kill comes within so many milliseconds after the reading began. */
const WITHIN_MS = 800;

export async function killChroma(options: RowOptions): Promise<RowResult> {
  const scene = await startChromaScene(options);
  const episodes = await runEpisodes(
    {
      async begin() {
        await scene.changeDocuments();
        await delay(options.random() * WITHIN_MS);
        await scene.chroma.kill();
      },
      end: () => scene.chroma.restart(),
      isDetected: () => isChromaAway(scene.observer),
      isHealed: () => scene.isInStep(),
      lastsMs: { atLeast: 200, upTo: 1_000 },
    },
    options,
  );
  const { violations, remark } = await scene.checkVectors();
  return await scene.finish({ promised: PROMISED_WITHOUT_CHROMA, episodes, violations, remarks: [remark] });
}
