/** Times the steps of the pipeline: for the metrics, and for whoever follows this one question. */
import type { OnStage, Stopwatch } from "../ports.ts";
import type { AnswerServices } from "./services.ts";

export interface Timing {
  readonly timed: Stopwatch;
  /** Tells of a step that the stopwatch cannot hold. */
  readonly report: OnStage;
}

/** @param follow told of each step too. */
export function createTiming({ clock, telemetry }: Pick<AnswerServices, "clock" | "telemetry">, follow: OnStage | undefined): Timing {
  const report: OnStage = (stage, beganAtMs, endedAtMs, hasFailed) => {
    telemetry.stage(stage, endedAtMs - beganAtMs);
    follow?.(stage, beganAtMs, endedAtMs, hasFailed);
  };
  return {
    report,
    async timed(stage, work) {
      const begun = clock.monotonic();
      let hasFailed = true;
      try {
        const result = await work();
        hasFailed = false;
        return result;
      } finally {
        report(stage, begun, clock.monotonic(), hasFailed);
      }
    },
  };
}
