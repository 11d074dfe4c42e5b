/** How long the citations of one answer take to be compared with the stored text. */
import type { Clock, OnStage } from "../ports.ts";
import type { CitationBinder } from "./citation-binder.ts";

export interface TimedBinder extends CitationBinder {
  /** Tells of the stage `cite`, if anything was cited: from the first comparison, as long as all of them together. */
  report(report: OnStage): void;
}

/** The comparisons come between the words of the answer, so that the time from the first to the last would be the model's. */
export function timeBinding(binder: CitationBinder, clock: Pick<Clock, "monotonic">): TimedBinder {
  let firstAtMs: number | undefined;
  let totalMs = 0;
  let hasFailed = false;
  return {
    ...binder,
    async bind(number, span) {
      const begun = clock.monotonic();
      firstAtMs ??= begun;
      try {
        return await binder.bind(number, span);
      } catch (error) {
        hasFailed = true;
        throw error;
      } finally {
        totalMs += clock.monotonic() - begun;
      }
    },
    report(report) {
      if (firstAtMs !== undefined) report("cite", firstAtMs, firstAtMs + totalMs, hasFailed);
    },
  };
}
