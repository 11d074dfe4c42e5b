/** Times the steps of the pipeline for the metrics. */
import type { AnswerServices } from "./services.ts";

/** Runs a step and reports how long it took, whether it succeeded or not. */
export type Stopwatch = <T>(stage: string, work: () => Promise<T> | T) => Promise<T>;

export function createStopwatch({ clock, telemetry }: Pick<AnswerServices, "clock" | "telemetry">): Stopwatch {
  return async (stage, work) => {
    const begun = clock.monotonic();
    try {
      return await work();
    } finally {
      telemetry.stage(stage, clock.monotonic() - begun);
    }
  };
}
