/** Ingestion as jobs: one at a time, recorded, and followed by any number of readers. */
import { type IngestionEvent, RagError } from "@rag-personal/core";
import type { Logger } from "pino";
import { createJobFollowers } from "./job-followers.ts";

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

/** One run over the documents folder and what was uploaded, or over the uploads alone. */
export interface IngestionJob {
  readonly id: string;
  /**
   * `running`: accepted and not ended; it may wait for the job before it. `interrupted`: the server stopped before the job ended; the next
   * start finished the work.
   */
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

/** A job without what became of single files. */
export type IngestionJobSummary = Omit<IngestionJob, "files">;

/** Which jobs to list, the last begun first, those of one time by their ids. */
export interface IngestionJobListing {
  /** At most so many. */
  readonly limit: number;
  /** Only jobs that come after this one, which need not be there any more. */
  readonly after?: Pick<IngestionJob, "id" | "startedAt"> | undefined;
  readonly state?: IngestionJob["state"] | undefined;
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
  listJobs(listing: IngestionJobListing): Promise<IngestionJobSummary[]>;
}

/** What a job goes through. */
export type IngestionScope = "everything" | "uploads";

export interface IngestionJobs {
  /** Starts a job over everything, or returns the one that runs or waits. Resolves once it is recorded. */
  start(): Promise<IngestionJob>;
  /**
   * A job that begins after this call and so finds whatever is stored by now, over the uploads at least: while another one runs, it waits for
   * the end of that. Resolves once it is recorded.
   */
  startAnew(): Promise<IngestionJob>;
  /** A job runs, or waits to. */
  isBusy(): boolean;
  get(id: string): Promise<IngestionJob | undefined>;
  /** The state now, each file as it is done, and the end. */
  follow(id: string, signal: AbortSignal): AsyncIterable<IngestionJobEvent>;
  /** Resolves when no job is running or waiting. */
  idle(): Promise<void>;
  /** Ends the running job after the file in hand, and for good: later ones are recorded as interrupted. */
  stop(): Promise<void>;
  /** As they stand now; a job that waited has, until it ends, the time at which it was accepted. */
  list(listing: IngestionJobListing): Promise<readonly IngestionJobSummary[]>;
}

interface Dependencies {
  readonly jobs: IngestionJobStore;
  readonly ingest: (scope: IngestionScope, signal: AbortSignal) => AsyncIterable<IngestionEvent>;
  readonly log: Logger;
  readonly newId: () => string;
  readonly nowIso: () => string;
  /** Told of every change of the running job, for the progress on the terminal. */
  readonly onProgress?: (job: IngestionJob) => void;
}

/** A job in hand. */
interface Run {
  job: IngestionJob;
  scope: IngestionScope;
  /** Rejected when the job could not be recorded: then it does nothing. */
  readonly recorded: Promise<void>;
  readonly finished: PromiseWithResolvers<void>;
}

/** Ended jobs that can still be looked at. */
const KEPT_JOBS = 100;

export function createIngestionJobs({ jobs, ingest, log, newId, nowIso, onProgress }: Dependencies): IngestionJobs {
  let running: Run | undefined;
  /** Begins when the running one has ended, so it finds all that was stored until then; one is enough for everybody who wants that. */
  let waiting: Run | undefined;
  const stopping = new AbortController();
  const followers = createJobFollowers(get);

  function createRun(scope: IngestionScope): Run {
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
    return { job, scope, recorded: jobs.saveJob(job), finished: Promise.withResolvers() };
  }

  /** Goes through one job, and then through the one that waits for it. */
  async function begin(run: Run): Promise<void> {
    running = run;
    const isRecorded = await run.recorded.then(
      () => true,
      () => false,
    );
    if (isRecorded) await work(run);
    // Whoever hears of the end may start the next one.
    running = undefined;
    const next = waiting;
    waiting = undefined;
    if (next !== undefined) void begin(next);
    if (isRecorded) followers.tell(run.job.id, { type: "done", job: run.job });
    run.finished.resolve();
  }

  function wait(scope: IngestionScope): Run {
    const run = waiting ?? createRun(scope);
    if (scope === "everything") run.scope = scope;
    if (waiting === undefined) {
      waiting = run;
      // Whoever comes next tries to record one anew.
      run.recorded.catch(() => {
        if (waiting === run) waiting = undefined;
      });
    }
    return run;
  }

  /** The run that will have gone through the scope; one that has begun may have listed its files already. */
  function place(scope: IngestionScope, mayHaveBegun: boolean): Run {
    if (running === undefined) {
      const run = createRun(scope);
      void begin(run);
      return run;
    }
    return mayHaveBegun && running.scope === "everything" ? running : wait(scope);
  }

  async function recorded(run: Run): Promise<IngestionJob> {
    await run.recorded;
    return run.job;
  }

  async function work(run: Run): Promise<void> {
    // One list that grows: copying it for each file would take quadratic time.
    const files: FileResult[] = [];
    const { id: jobId } = run.job;
    const { signal } = stopping;
    run.job = { ...run.job, files, startedAt: nowIso() };
    try {
      signal.throwIfAborted();
      for await (const event of ingest(run.scope, signal)) {
        run.job = apply(run.job, event);
        if (event.type === "file") {
          const { type: _, ...result } = event;
          if (result.outcome !== "unchanged") files.push(result);
          followers.tell(jobId, { type: "file", file: result });
        }
        if (event.type === "progress") followers.tell(jobId, { type: "progress", progress: run.job.progress });
        onProgress?.(run.job);
      }
      run.job = { ...run.job, state: signal.aborted ? "interrupted" : "succeeded", finishedAt: nowIso() };
    } catch (thrown) {
      const reason = thrown instanceof RagError ? thrown.message : "The ingestion failed unexpectedly; the log says why.";
      if (signal.aborted) run.job = { ...run.job, state: "interrupted", finishedAt: nowIso() };
      else {
        if (thrown instanceof RagError) log.warn({ jobId, code: thrown.code, reason, err: thrown.cause }, "ingestion failed");
        else log.error({ err: thrown, jobId }, "ingestion failed");
        run.job = { ...run.job, state: "failed", finishedAt: nowIso(), error: reason };
      }
    }
    log.info({ jobId, state: run.job.state, ...run.job.counts }, "ingestion ended");
    await jobs
      .saveJob(run.job)
      .then(() => jobs.pruneJobs(KEPT_JOBS))
      .catch((error: unknown) => log.error({ err: error, jobId }, "the job's end could not be recorded"));
  }

  async function get(id: string): Promise<IngestionJob | undefined> {
    const run = [running, waiting].find((candidate) => candidate?.job.id === id);
    return run === undefined ? await jobs.getJob(id) : { ...run.job, files: [...run.job.files] };
  }

  async function list(listing: IngestionJobListing): Promise<readonly IngestionJobSummary[]> {
    return (await jobs.listJobs(listing)).map((stored) => {
      const inHand = [running, waiting].find((candidate) => candidate?.job.id === stored.id);
      return inHand === undefined || stored.state !== "running" ? stored : { ...stored, progress: inHand.job.progress, counts: inHand.job.counts };
    });
  }

  async function idle(): Promise<void> {
    while (running !== undefined) await running.finished.promise;
  }

  return {
    get,
    list,
    idle,
    start: () => recorded(place("everything", true)),
    startAnew: () => recorded(place("uploads", false)),
    isBusy: () => running !== undefined,
    follow: followers.follow,
    async stop() {
      stopping.abort();
      await idle();
    },
  };
}

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
