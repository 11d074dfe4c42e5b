/** Looks for ingestions whose server is gone, where several share the record. */
import { RagError, type Timers } from "@rag-personal/core";
import type { IngestionJobs } from "../ingestion-jobs.ts";
import type { Surroundings } from "./surroundings.ts";

const LOOK_EVERY_MS = 5_000;

/** @returns what ends it. */
export function watchAbandonedJobs(
  ingestion: Pick<IngestionJobs, "adopt">,
  { log, timers }: Pick<Surroundings, "log"> & { readonly timers: Timers },
): () => void {
  let cancel: (() => void) | undefined;
  let isStopped = false;

  async function look(): Promise<void> {
    try {
      await ingestion.adopt();
    } catch (error) {
      // The record may be away: the next look is soon.
      if (!(error instanceof RagError)) log.error({ err: error }, "unfinished ingestions of other servers could not be looked for");
    }
    schedule();
  }

  function schedule(): void {
    if (!isStopped) cancel = timers.set(LOOK_EVERY_MS, () => void look());
  }

  schedule();
  return () => {
    isStopped = true;
    cancel?.();
  };
}
