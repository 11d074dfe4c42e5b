/** What became of ingestions. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { IngestionJob } from "../../ingestion-job.ts";

const ENDS = ["succeeded", "failed", "interrupted"] as const;

/** @returns what is told of each job as it is recorded. */
export function registerIngestion(registry: Registry): (job: Pick<IngestionJob, "state" | "counts">) => void {
  const registers = [registry];
  const jobs = new Counter({ name: "rag_ingestion_jobs_total", help: "Ingestions that have ended.", labelNames: ["state"], registers });
  const lastFailed = new Gauge({ name: "rag_ingestion_last_failed", help: "1 when the last ingestion failed as a whole.", registers });
  const files = new Gauge({
    name: "rag_ingestion_last_files",
    help: "Files of the last ingestion, by what became of them.",
    labelNames: ["outcome"],
    registers,
  });
  for (const state of ENDS) jobs.inc({ state }, 0);
  return ({ state, counts }) => {
    if (state === "running") return;
    jobs.inc({ state });
    lastFailed.set(Number(state === "failed"));
    for (const [outcome, count] of Object.entries(counts)) files.set({ outcome }, count);
  };
}
