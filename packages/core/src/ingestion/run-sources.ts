/** Runs an ingestion over several sources, one after the other. */
import type { IngestionEvent, IngestionFailure, IngestionOutcome } from "./events.ts";
import { type IngestionDependencies, runIngestion } from "./run.ts";
import type { DocumentSource } from "./source.ts";

/**
 * The events of {@link runIngestion} as if it were one run; its `total` grows when the next source has been listed. What the earlier sources
 * gave is stored when a later one fails.
 *
 * @throws as {@link runIngestion}.
 */
export async function* runSources(
  sources: readonly DocumentSource[],
  dependencies: Omit<IngestionDependencies, "source">,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<IngestionEvent, void, void> {
  const counts: Record<IngestionOutcome, number> = { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 };
  const failures: IngestionFailure[] = [];
  let durationMs = 0;
  let doneBefore = 0;
  for (const [at, source] of sources.entries()) {
    let ownTotal = 0;
    for await (const event of runIngestion({ ...dependencies, source }, options)) {
      switch (event.type) {
        case "started":
          ownTotal = event.total;
          yield at === 0 ? event : { type: "progress", done: doneBefore, total: doneBefore + ownTotal };
          break;
        case "file":
          counts[event.outcome] += 1;
          yield event;
          break;
        case "progress":
          yield { type: "progress", done: doneBefore + event.done, total: doneBefore + ownTotal };
          break;
        case "finished":
          failures.push(...event.failures);
          durationMs += event.durationMs;
      }
    }
    doneBefore += ownTotal;
  }
  yield { type: "finished", counts, failures, durationMs };
}
