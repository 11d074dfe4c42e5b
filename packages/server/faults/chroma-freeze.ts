/** F9: Chroma stops where it stands (SIGSTOP): its connections stay open, and nothing answers. */
import { isChromaAway, isChromaBack, PROMISED_WITHOUT_CHROMA, startChromaScene } from "./chroma-scene.ts";
import { runEpisodes } from "./episodes.ts";
import type { RowOptions, RowResult } from "./row.ts";

export async function freezeChroma(options: RowOptions): Promise<RowResult> {
  const scene = await startChromaScene(options);
  const episodes = await runEpisodes(
    {
      begin: async () => scene.chroma.freeze(),
      end: async () => scene.chroma.thaw(),
      isDetected: () => isChromaAway(scene.observer),
      isHealed: () => isChromaBack(scene.observer),
      lastsMs: { atLeast: 1_000, upTo: 3_000 },
    },
    options,
  );
  const { violations, remark } = await scene.checkVectors();
  return await scene.finish({ promised: PROMISED_WITHOUT_CHROMA, episodes, violations, remarks: [remark] });
}
