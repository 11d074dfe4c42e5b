/** Ingestion as jobs: one at a time, recorded, and followed by any number of readers. */
import { type IngestionEvent, RagError, type Timers } from "@rag-personal/core";
import type { Logger } from "pino";
import {
  acceptedJob,
  type FileResult,
  type IngestionJob,
  type IngestionJobEvent,
  type IngestionJobListing,
  type IngestionJobSummary,
  jobAfter,
} from "./ingestion-job.ts";
import type { IngestionJobStore } from "./ingestion-job-store.ts";
import { createJobFollowers } from "./job-followers.ts";
import { createJobLease } from "./job-lease.ts";

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
  /** A job runs, or waits to, on whichever server. @throws RagError `store_unavailable`. */
  isBusy(): Promise<boolean>;
  /** Takes up what servers that are gone left unfinished. @returns how many jobs. @throws RagError `store_unavailable`. */
  adopt(): Promise<number>;
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
  readonly timers: Timers;
  /** Names this server. */
  readonly holder: string;
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

export function createIngestionJobs({ jobs, ingest, log, newId, nowIso, timers, holder, onProgress }: Dependencies): IngestionJobs {
  let running: Run | undefined;
  /** Begins when the running one has ended, so it finds all that was stored until then; one is enough for everybody who wants that. */
  let waiting: Run | undefined;
  const stopping = new AbortController();
  const followers = createJobFollowers({ get, isHere: (id) => inHand(id) !== undefined, timers });

  function createRun(scope: IngestionScope): Run {
    const job = acceptedJob(newId(), nowIso());
    return { job, scope, recorded: jobs.saveJob(job, holder), finished: Promise.withResolvers() };
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
    const lease = createJobLease({ jobs, timers, current: () => run.job });
    const signal = AbortSignal.any([stopping.signal, lease.lost]);
    run.job = { ...run.job, files, startedAt: nowIso() };
    try {
      signal.throwIfAborted();
      await lease.takeTurn(signal);
      for await (const event of ingest(run.scope, signal)) {
        run.job = jobAfter(run.job, event);
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
    await lease.end();
    await jobs
      .saveJob(run.job, holder)
      .then(() => jobs.pruneJobs(KEPT_JOBS))
      .catch((error: unknown) => log.error({ err: error, jobId }, "the job's end could not be recorded"));
  }

  function inHand(id: string): Run | undefined {
    return [running, waiting].find((candidate) => candidate?.job.id === id);
  }

  async function get(id: string): Promise<IngestionJob | undefined> {
    const run = inHand(id);
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
    isBusy: async () => running !== undefined || (await jobs.hasRunningJob()),
    async adopt() {
      const abandoned = await jobs.interruptJobs({ finishedAt: nowIso() });
      if (abandoned === 0) return abandoned;
      log.warn({ jobs: abandoned }, "a server has gone in the middle of an ingestion; it is taken up here");
      await recorded(place("everything", false));
      return abandoned;
    },
    follow: followers.follow,
    async stop() {
      stopping.abort();
      await idle();
    },
  };
}
