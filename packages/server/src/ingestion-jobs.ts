/** Ingestion as jobs: one at a time, recorded, and followed by any number of readers. */
import { type IngestionEvent, RagError } from "@rag-personal/core";
import type { Logger } from "pino";

/** What became of one file. */
export interface FileResult {
  readonly path: string;
  readonly outcome: "added" | "changed" | "removed" | "unchanged" | "failed";
  readonly chunks?: number | undefined;
  readonly stage?: string | undefined;
  readonly reason?: string | undefined;
  /** With `failed`: whether the version stored by an earlier run is still there. */
  readonly keptEarlierVersion?: boolean | undefined;
}

/** One run over the documents folder. */
export interface IngestionJob {
  readonly id: string;
  /** `interrupted`: the server stopped before the job ended; the next start finished the work. */
  readonly state: "running" | "succeeded" | "failed" | "interrupted";
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly progress: { readonly done: number; readonly total: number };
  readonly counts: {
    readonly added: number;
    readonly changed: number;
    readonly removed: number;
    readonly unchanged: number;
    readonly failed: number;
  };
  /** A result for each file that was not simply unchanged. */
  readonly files: readonly FileResult[];
  /** Why the whole job failed. */
  readonly error: string | null;
}

/** What followers of a job are told: its state now, each file as it is done, how far it is, and the end. */
export type IngestionJobEvent =
  | { readonly type: "job"; readonly job: IngestionJob }
  | { readonly type: "file"; readonly file: FileResult }
  | { readonly type: "progress"; readonly progress: IngestionJob["progress"] }
  | { readonly type: "done"; readonly job: IngestionJob };

/** Where jobs are kept. */
export interface IngestionJobStore {
  saveJob(job: IngestionJob): Promise<void>;
  getJob(id: string): Promise<IngestionJob | undefined>;
  /** Marks jobs that a killed server left running; returns how many. */
  interruptRunningJobs(finishedAt: string): Promise<number>;
  /** Removes the oldest jobs that have ended until at most `keep` of those are left; returns how many went. */
  pruneJobs(keep: number): Promise<number>;
}

export interface IngestionJobs {
  /** Starts a job, or returns the one that is running. Resolves once it is recorded. */
  start(): Promise<IngestionJob>;
  get(id: string): Promise<IngestionJob | undefined>;
  /** The state now, each file as it is done, and the end. */
  follow(id: string, signal: AbortSignal): AsyncIterable<IngestionJobEvent>;
  /** Resolves when no job is running. */
  idle(): Promise<void>;
  /** Ends the running job after the file in hand. */
  stop(): Promise<void>;
}

interface Dependencies {
  readonly jobs: IngestionJobStore;
  /** Runs one ingestion over the folder. */
  readonly ingest: (signal: AbortSignal) => AsyncIterable<IngestionEvent>;
  readonly log: Logger;
  readonly newId: () => string;
  readonly nowIso: () => string;
  /** Told of every change of the running job, for the progress on the terminal. */
  readonly onProgress?: (job: IngestionJob) => void;
}

/** Ended jobs that can still be looked at. */
const KEPT_JOBS = 100;

type Listener = (event: IngestionJobEvent) => void;

export function createIngestionJobs({ jobs, ingest, log, newId, nowIso, onProgress }: Dependencies): IngestionJobs {
  let current: { job: IngestionJob; readonly finished: Promise<void>; readonly abort: AbortController } | undefined;
  const listeners = new Set<Listener>();
  const tell: Listener = (event) => {
    for (const listener of listeners) listener(event);
  };

  function apply(job: IngestionJob, event: IngestionEvent): IngestionJob {
    switch (event.type) {
      case "started":
        return { ...job, progress: { done: 0, total: event.total } };
      case "file": {
        const counts = { ...job.counts, [event.outcome]: job.counts[event.outcome] + 1 };
        return { ...job, counts };
      }
      case "progress":
        return { ...job, progress: { done: event.done, total: event.total } };
      case "finished":
        return job;
    }
  }

  async function run(running: NonNullable<typeof current>): Promise<void> {
    // One list that grows: copying it for each file would take quadratic time.
    const files: FileResult[] = [];
    running.job = { ...running.job, files };
    try {
      for await (const event of ingest(running.abort.signal)) {
        running.job = apply(running.job, event);
        if (event.type === "file") {
          const { type: _, ...result } = event;
          if (result.outcome !== "unchanged") files.push(result);
          tell({ type: "file", file: result });
        }
        if (event.type === "progress") tell({ type: "progress", progress: running.job.progress });
        onProgress?.(running.job);
      }
      running.job = { ...running.job, state: running.abort.signal.aborted ? "interrupted" : "succeeded", finishedAt: nowIso() };
    } catch (thrown) {
      const reason = thrown instanceof RagError ? thrown.message : "The ingestion failed unexpectedly; the log says why.";
      if (running.abort.signal.aborted) running.job = { ...running.job, state: "interrupted", finishedAt: nowIso() };
      else {
        if (thrown instanceof RagError) log.warn({ jobId: running.job.id, code: thrown.code, reason }, "ingestion failed");
        else log.error({ err: thrown, jobId: running.job.id }, "ingestion failed");
        running.job = { ...running.job, state: "failed", finishedAt: nowIso(), error: reason };
      }
    }
    const { id: jobId, state, counts } = running.job;
    log.info({ jobId, state, ...counts }, "ingestion ended");
    await jobs
      .saveJob(running.job)
      .then(() => jobs.pruneJobs(KEPT_JOBS))
      .catch((error: unknown) => log.error({ err: error, jobId }, "the job's end could not be recorded"));
    current = undefined;
    tell({ type: "done", job: running.job });
  }

  const get: IngestionJobs["get"] = async (id) => {
    if (current?.job.id !== id) return await jobs.getJob(id);
    return { ...current.job, files: [...current.job.files] };
  };

  return {
    get,
    async start() {
      if (current !== undefined) return current.job;
      const job: IngestionJob = {
        id: newId(),
        state: "running",
        startedAt: nowIso(),
        finishedAt: null,
        progress: { done: 0, total: 0 },
        counts: { added: 0, changed: 0, removed: 0, unchanged: 0, failed: 0 },
        files: [],
        error: null,
      };
      const { promise: finished, resolve } = Promise.withResolvers<void>();
      const running = { job, finished, abort: new AbortController() };
      current = running;
      try {
        await jobs.saveJob(job);
      } catch (error) {
        current = undefined;
        resolve();
        throw error;
      }
      void run(running).finally(resolve);
      return job;
    },
    async *follow(id, signal) {
      const queue: IngestionJobEvent[] = [];
      let wake = (): void => {};
      const listener: Listener = (event) => {
        queue.push(event);
        wake();
      };
      listeners.add(listener);
      const onAbort = (): void => wake();
      signal.addEventListener("abort", onAbort);
      try {
        const job = await get(id);
        if (job === undefined) throw new RagError("not_found", "There is no ingestion job with this id.");
        yield { type: job.state === "running" ? "job" : "done", job };
        if (job.state !== "running") return;
        while (!signal.aborted) {
          const next = queue.shift();
          if (next === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (queue.length > 0 || signal.aborted) resolve();
            });
            continue;
          }
          yield next;
          if (next.type === "done") return;
        }
      } finally {
        listeners.delete(listener);
        signal.removeEventListener("abort", onAbort);
      }
    },
    async idle() {
      await current?.finished;
    },
    async stop() {
      current?.abort.abort();
      await current?.finished;
    },
  };
}
