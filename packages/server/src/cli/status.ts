/** `rag status`: how the server is, what it holds, what it is doing. */
import type { Client, Health, IndexDescription, IngestionJobSummary, Statistics } from "@rag-personal/client";
import { ApiError } from "@rag-personal/client/errors";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { type Output, printable } from "./output.ts";
import { describeVectors } from "./reindex.ts";

interface Status {
  readonly health: Health;
  /** Null for those who may not see it. */
  readonly statistics: Statistics | null;
  readonly index: IndexDescription | null;
  /** The ingestions that run and the one that ended last, the last begun first. */
  readonly ingestions: readonly IngestionJobSummary[] | null;
}

/** A person who asks how it is does not wait as long as for an answer. */
const TIMEOUT_MS = 15_000;
/** Ingestions, to find those that run and the one that ended last. */
const LOOKED_AT = 20;

/** @returns 1 unless all is well. */
export async function runStatus(context: Context): Promise<number> {
  const client = await context.connect({ needsCredential: false });
  const options = { signal: context.signal, timeoutMs: TIMEOUT_MS };
  const health = await client.health(options);
  const [details, ingestions] = await Promise.all([readDetails(client, options), readIngestions(client, options)]);
  const status: Status = { health, ...details, ingestions };
  context.output.data(status, () => describeStatus(status, context.address ?? "", context.output));
  return health.status === "healthy" ? EXIT.ok : EXIT.failed;
}

async function readDetails({ admin }: Client, options: { readonly signal: AbortSignal }): Promise<Pick<Status, "statistics" | "index">> {
  try {
    const [statistics, index] = await Promise.all([admin.stats(options), admin.index(options)]);
    return { statistics, index };
  } catch (thrown) {
    // Those who may ask questions alone, and a server that is away in part, still have its health.
    if (thrown instanceof ApiError) return { statistics: null, index: null };
    throw thrown;
  }
}

/** A key may follow ingestions without seeing the rest, and an earlier server lists none. */
async function readIngestions({ admin }: Client, options: { readonly signal: AbortSignal }): Promise<Status["ingestions"]> {
  try {
    for await (const { jobs } of admin.ingestJobs({ limit: LOOKED_AT }, options).pages()) {
      const ended = jobs.find(({ state }) => state !== "running");
      return jobs.filter((job) => job.state === "running" || job === ended);
    }
    return [];
  } catch (thrown) {
    if (thrown instanceof ApiError) return null;
    throw thrown;
  }
}

export function describeStatus({ health, statistics, index, ingestions }: Status, address: string, output: Pick<Output, "strong">): string {
  const lines = [`${address} is ${output.strong(health.status)}`];
  const width = Math.max(0, ...Object.keys(health.components).map(({ length }) => length));
  for (const [name, { status, adapter, latencyMs, detail }] of Object.entries(health.components)) {
    const parts = [status, adapter, latencyMs === undefined ? undefined : `${Math.round(latencyMs)} ms`, detail].filter((part) => part !== undefined);
    lines.push(`  ${name.padEnd(width)}  ${parts.join(", ")}`);
  }
  if (statistics !== null) {
    const { documents, chunks, terms, answeredBy, feedback, uptimeSeconds } = statistics;
    lines.push(`${documents} documents in ${chunks} chunks with ${terms} terms, answered by ${answeredBy}`);
    lines.push(`feedback: ${feedback.up} up, ${feedback.down} down; up for ${describeDuration(uptimeSeconds)}`);
  }
  if (index?.vectors != null) lines.push(`vectors: ${index.vectors.state}`, describeVectors(index));
  if (index?.reindex != null) lines.push(`last reindex: ${index.reindex.state}${index.reindex.error === null ? "" : `: ${index.reindex.error}`}`);
  for (const job of ingestions ?? []) lines.push(describeIngestion(job));
  return printable(lines.join("\n"));
}

function describeIngestion({ id, state, startedAt, finishedAt, progress, counts, error }: IngestionJobSummary): string {
  if (state === "running") return `ingestion ${id}: running since ${startedAt}, ${progress.done} of ${progress.total} files`;
  const { added, changed, removed, unchanged, failed } = counts;
  const files = `${added} added, ${changed} changed, ${removed} removed, ${unchanged} unchanged, ${failed} failed`;
  return `last ingestion: ${state} at ${finishedAt ?? startedAt}: ${error ?? files}`;
}

/** The largest two units that are not zero, such as `2 h 5 min`. */
export function describeDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
