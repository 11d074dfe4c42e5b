/** Jobs of ingestion, followed to their ends and told file by file. */
import type { FileResult, IngestionEvent, IngestionJob } from "@rag-personal/client";
import { createProgressDisplay } from "../progress.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { type Output, printable } from "./output.ts";

/** Takes the events of a job and shows how far it is: a bar at a terminal, a line for each tenth elsewhere. */
export function createJobDisplay({ output, stderr }: Pick<Context, "output" | "stderr">, isQuiet: boolean): (event: IngestionEvent) => void {
  const showProgress = createProgressDisplay(stderr);
  return (event) => {
    if (output.json) output.data(event, () => "");
    if (isQuiet) return;
    if (event.type === "progress") showProgress(event);
    if (event.type === "job" || event.type === "done") showProgress(event.job);
  };
}

/** Tells what became of a job. @returns the exit code: 6 when files were set aside. */
export function tellJob({ state, counts, files, error }: IngestionJob, output: Output): number {
  if (!output.json) {
    for (const file of files) if (file.outcome === "failed") output.write(`${describeFile(file)}\n`);
    const { added, changed, removed, unchanged, failed } = counts;
    output.write(`${added} added, ${changed} changed, ${removed} removed, ${unchanged} unchanged, ${failed} failed\n`);
  }
  if (state !== "succeeded") {
    output.notice(`The ingestion ${state === "failed" ? "failed" : `ended as "${state}"`}${error === null ? "" : `: ${printable(error)}`}`);
    return EXIT.failed;
  }
  return counts.failed > 0 ? EXIT.partly : EXIT.ok;
}

/** One file in one line. */
export function describeFile({ path, outcome, chunks, stage, reason, keptEarlierVersion }: FileResult): string {
  const detail =
    outcome === "failed"
      ? `: ${reason ?? "no reason given"}${stage === undefined ? "" : ` (${stage})`}${keptEarlierVersion === true ? "; the earlier version is kept" : ""}`
      : chunks === undefined
        ? ""
        : `, ${chunks} ${chunks === 1 ? "chunk" : "chunks"}`;
  return printable(`${path}: ${outcome}${detail}`).replaceAll(/\s*\n\s*/g, " ");
}
