/** Shows how far an ingestion is: a bar on a terminal, plain lines elsewhere. */
import { Presets, SingleBar } from "cli-progress";
import type { IngestionJob } from "./ingestion-job.ts";

/** At most one plain line for each tenth of the way, so that a log stays readable. */
const PLAIN_STEPS = 10;

export function createProgressDisplay(
  output: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined },
): (job: Pick<IngestionJob, "progress">) => void {
  let bar: SingleBar | undefined;
  let shownStep = -1;
  return (job) => {
    const { done, total } = job.progress;
    if (total === 0) return;
    if (output.isTTY) {
      bar ??= new SingleBar(
        { format: "Reading documents {bar} {value}/{total} files, {eta_formatted} left", stream: output, hideCursor: true },
        Presets.shades_classic,
      );
      if (!bar.isActive) bar.start(total, done);
      else bar.update(done);
      if (done >= total) bar.stop();
      return;
    }
    const step = Math.floor((done / total) * PLAIN_STEPS);
    if (step !== shownStep) output.write(`Reading documents: ${done}/${total} files\n`);
    shownStep = step;
  };
}
