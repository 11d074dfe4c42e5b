/** F9: Chroma is there and cannot: it stands still (SIGSTOP), its disk is full, its files are damaged. */

import { damageDatabase, damageGraph, damageVectors, fillDisk } from "./chroma-files.ts";
import { isChromaAway, PROMISED_WITHOUT_CHROMA, startChromaScene } from "./chroma-scene.ts";
import { type Episodes, joinEpisodes, runEpisodes } from "./episodes.ts";
import { medianAndMax } from "./figures.ts";
import type { RowOptions, RowResult } from "./row.ts";
import { mountSmallDisk } from "./small-disk.ts";

/** Some times what 2,000 vectors take. */
const DISK_MB = 64;

/** `injections` is how often it stands still; of the others there are a fifth as many each. */
export async function impairChroma(options: RowOptions): Promise<RowResult> {
  const { injections, cleanUp, say } = options;
  const disk = await mountSmallDisk(DISK_MB, cleanUp);
  const scene = await startChromaScene(options, { chromaWithin: disk?.path });
  const seldom = { ...options, injections: Math.ceil(injections / 5) };
  const series: { readonly name: string; readonly episodes: Episodes }[] = [];
  async function run(name: string, episodes: () => Promise<Episodes>): Promise<void> {
    say(name);
    series.push({ name, episodes: await episodes() });
  }

  await run("frozen for 1 to 3 s", () =>
    runEpisodes(
      {
        begin: async () => scene.chroma.freeze(),
        end: async () => scene.chroma.thaw(),
        isDetected: () => isChromaAway(scene.observer),
        isHealed: () => scene.isBack(),
        lastsMs: { atLeast: 1_000, upTo: 3_000 },
      },
      options,
    ),
  );
  if (disk !== undefined) await run("disk full while documents are read, then restarted", () => fillDisk(scene, disk, seldom));
  await run("vectors damaged, found by the doctor, then reindexed", () => damageVectors(scene, seldom));
  const damaged = await damageGraph(scene, seldom);
  series.push({ name: "graph damaged, then reindexed", episodes: damaged.episodes });
  await run("database damaged, then emptied", () => damageDatabase(scene, seldom));
  const { violations, remark } = await scene.checkVectors();
  return await scene.finish({
    promised: PROMISED_WITHOUT_CHROMA,
    episodes: joinEpisodes(series.map(({ episodes }) => episodes)),
    violations: [...damaged.violations, ...violations],
    remarks: [
      ...series.map(
        ({ name, episodes: { detectMs, healMs } }) =>
          `${name}, ${detectMs.length} times: detected ${medianAndMax(detectMs)}, healed ${medianAndMax(healMs)}`,
      ),
      ...(disk === undefined ? ["the disk was not filled: this process may not mount one"] : []),
      remark,
    ],
  });
}
