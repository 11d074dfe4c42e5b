import { type IngestionEvent, RagError } from "@rag-personal/core";
import pino from "pino";
import { describe, expect, it } from "vitest";
import type { IngestionJob } from "./ingestion-job.ts";
import type { IngestionJobStore } from "./ingestion-job-store.ts";
import { createIngestionJobs, type IngestionScope } from "./ingestion-jobs.ts";

function memoryJobs(): IngestionJobStore & { readonly saved: IngestionJob[] } {
  const saved: IngestionJob[] = [];
  return {
    saved,
    saveJob: async (job) => void saved.push(job),
    getJob: async (id) => saved.findLast((job) => job.id === id),
    takeTurn: async () => true,
    renewJob: async () => true,
    hasRunningJob: async () => false,
    interruptJobs: async () => 0,
    pruneJobs: async () => 0,
    listJobs: async () => [...new Map(saved.map((job) => [job.id, job])).values()].map(({ files: _, ...job }) => job),
  };
}

const TWO_FILES: readonly IngestionEvent[] = [
  { type: "started", total: 2 },
  { type: "file", path: "a.md", outcome: "added", chunks: 3 },
  { type: "progress", done: 1, total: 2 },
  { type: "file", path: "b.bin", outcome: "failed", stage: "decode", reason: "it is a binary file", keptEarlierVersion: false },
  { type: "progress", done: 2, total: 2 },
];

function jobsOver(ingest: (signal: AbortSignal, scope: IngestionScope) => AsyncIterable<IngestionEvent>, store = memoryJobs()) {
  let ids = 0;
  const jobs = createIngestionJobs({
    jobs: store,
    ingest: (scope, signal) => ingest(signal, scope),
    log: pino({ level: "silent" }),
    newId: () => `job-${++ids}`,
    nowIso: () => "2026-01-01T00:00:00.000Z",
    timers: { set: () => () => {} },
    holder: "this server",
  });
  return { jobs, store };
}

async function* replay(events: readonly IngestionEvent[], until: Promise<void> = Promise.resolve()): AsyncGenerator<IngestionEvent> {
  for (const event of events) {
    yield event;
    await until;
  }
}

describe("ingestion jobs", () => {
  it("are listed as far as they are, and as they ended", async () => {
    const held = Promise.withResolvers<void>();
    const { jobs } = jobsOver(() => replay(TWO_FILES, held.promise));
    const { id } = await jobs.start();
    for await (const event of jobs.follow(id, new AbortController().signal)) if (event.type === "job") break;
    expect(await jobs.list({ limit: 10 })).toMatchObject([{ id, state: "running", progress: { done: 0, total: 2 }, finishedAt: null }]);
    held.resolve();
    await jobs.idle();
    const [listed] = await jobs.list({ limit: 10 });
    expect(listed).toMatchObject({ id, state: "succeeded", progress: { done: 2, total: 2 }, counts: { added: 1, failed: 1 } });
    expect(listed).not.toHaveProperty("files");
  });

  it("tell followers of each file what became of that one, unchanged ones too", async () => {
    const held = Promise.withResolvers<void>();
    const events: readonly IngestionEvent[] = [...TWO_FILES, { type: "file", path: "c.md", outcome: "unchanged" }];
    const { jobs } = jobsOver(() => replay(events, held.promise));
    const { id } = await jobs.start();
    const told: unknown[] = [];
    const following = (async () => {
      for await (const event of jobs.follow(id, new AbortController().signal)) if (event.type === "file") told.push(event.file);
    })();
    await Promise.resolve();
    held.resolve();
    await following;
    expect(told).toEqual([
      { path: "a.md", outcome: "added", chunks: 3 },
      { path: "b.bin", outcome: "failed", stage: "decode", reason: "it is a binary file", keptEarlierVersion: false },
      { path: "c.md", outcome: "unchanged" },
    ]);
  });

  it("record what became of each file", async () => {
    const { jobs, store } = jobsOver(() => replay(TWO_FILES));
    const { id } = await jobs.start();
    await jobs.idle();
    await expect(jobs.get(id)).resolves.toMatchObject({
      state: "succeeded",
      counts: { added: 1, changed: 0, removed: 0, unchanged: 0, failed: 1 },
      files: [
        { path: "a.md", outcome: "added" },
        { path: "b.bin", outcome: "failed", stage: "decode", reason: "it is a binary file", keptEarlierVersion: false },
      ],
    });
    expect(store.saved.map((job) => job.state)).toEqual(["running", "succeeded"]);
  });

  it("run one at a time: a second start joins the first", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { jobs } = jobsOver(() => replay(TWO_FILES, promise));
    const [first, second] = [await jobs.start(), await jobs.start()];
    resolve();
    await jobs.idle();
    const third = await jobs.start();
    expect([second.id, third.id]).toEqual([first.id, "job-2"]);
  });

  it("can be followed to the end by several readers", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { jobs } = jobsOver(() => replay(TWO_FILES, promise));
    const { id } = await jobs.start();
    const read = async (): Promise<string[]> => {
      const names: string[] = [];
      for await (const { type } of jobs.follow(id, new AbortController().signal)) names.push(type);
      return names;
    };
    const readers = Promise.all([read(), read()]);
    await Promise.resolve().then(resolve);
    for (const names of await readers) {
      expect(names[0]).toBe("job");
      expect(names.at(-1)).toBe("done");
    }
  });

  it("tell why a whole job failed, and let the next one start", async () => {
    let attempt = 0;
    const { jobs } = jobsOver(() => {
      attempt += 1;
      if (attempt > 1) return replay(TWO_FILES);
      // biome-ignore lint/correctness/useYield: it fails before it has anything to tell
      return (async function* () {
        throw new RagError("store_unavailable", "PostgreSQL does not answer.");
      })();
    });
    const first = await jobs.start();
    await jobs.idle();
    await expect(jobs.get(first.id)).resolves.toMatchObject({ state: "failed", error: "PostgreSQL does not answer." });
    const second = await jobs.start();
    await jobs.idle();
    await expect(jobs.get(second.id)).resolves.toMatchObject({ state: "succeeded" });
  });

  it("are interrupted by a stop, and say so", async () => {
    const { jobs } = jobsOver(async function* (signal) {
      yield { type: "started", total: 9 };
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    });
    const { id } = await jobs.start();
    await jobs.stop();
    await expect(jobs.get(id)).resolves.toMatchObject({ state: "interrupted" });
  });
});

/** Runs that end when the test says so; each tells its scope and what lay in the folder when it began. */
function heldRuns() {
  const begun: { readonly scope: IngestionScope; readonly saw: readonly string[]; readonly end: () => void }[] = [];
  const stored: string[] = [];
  const waiters: (() => void)[] = [];
  async function* ingest(signal: AbortSignal, scope: IngestionScope): AsyncGenerator<IngestionEvent> {
    const held = Promise.withResolvers<void>();
    begun.push({ scope, saw: [...stored], end: held.resolve });
    for (const wake of waiters.splice(0)) wake();
    signal.addEventListener("abort", () => held.resolve());
    yield { type: "file", path: `run-${begun.length}.md`, outcome: "added", chunks: 1 };
    await held.promise;
    signal.throwIfAborted();
  }
  return {
    ingest,
    stored,
    begun,
    async hasBegun(count: number): Promise<void> {
      while (begun.length < count) await new Promise<void>((resolve) => waiters.push(resolve));
    },
  };
}

describe("ingestion jobs that must find what is stored now", () => {
  it("begin at once when none is running, over the uploads alone", async () => {
    const runs = heldRuns();
    const { jobs } = jobsOver(runs.ingest);
    runs.stored.push("a.md");
    const { id } = await jobs.startAnew();
    await runs.hasBegun(1);
    expect(runs.begun).toMatchObject([{ scope: "uploads", saw: ["a.md"] }]);
    runs.begun[0]?.end();
    await jobs.idle();
    await expect(jobs.get(id)).resolves.toMatchObject({ state: "succeeded" });
  });

  it("wait for the one that runs, under an id of their own, and one is enough for all that wait", async () => {
    const runs = heldRuns();
    const { jobs } = jobsOver(runs.ingest);
    const first = await jobs.start();
    await runs.hasBegun(1);
    runs.stored.push("late.md");
    const second = await jobs.startAnew();
    runs.stored.push("later.md");
    const third = await jobs.startAnew();
    expect([second.id === first.id, third.id]).toEqual([false, second.id]);
    await expect(jobs.get(second.id)).resolves.toMatchObject({ id: second.id, state: "running", progress: { done: 0, total: 0 } });
    expect(runs.begun).toHaveLength(1);
    runs.begun[0]?.end();
    await runs.hasBegun(2);
    expect(runs.begun[1]).toMatchObject({ scope: "uploads", saw: ["late.md", "later.md"] });
    runs.stored.push("latest.md");
    const fourth = await jobs.startAnew();
    expect([first.id, second.id]).not.toContain(fourth.id);
    runs.begun[1]?.end();
    await runs.hasBegun(3);
    runs.begun[2]?.end();
    await jobs.idle();
    expect(runs.begun).toHaveLength(3);
    for (const { id } of [first, second, fourth]) await expect(jobs.get(id)).resolves.toMatchObject({ state: "succeeded" });
  });

  it("go through everything when that is asked for while they wait, and a job over the uploads does not stand for that", async () => {
    const runs = heldRuns();
    const { jobs } = jobsOver(runs.ingest);
    const uploads = await jobs.startAnew();
    await runs.hasBegun(1);
    const [waiting, everything] = [await jobs.startAnew(), await jobs.start()];
    expect([everything.id === uploads.id, everything.id]).toEqual([false, waiting.id]);
    runs.begun[0]?.end();
    await runs.hasBegun(2);
    expect(runs.begun.map(({ scope }) => scope)).toEqual(["uploads", "everything"]);
    expect((await jobs.start()).id).toBe(everything.id);
    runs.begun[1]?.end();
    await jobs.idle();
  });

  it("are followed apart from the one before", async () => {
    const runs = heldRuns();
    const { jobs } = jobsOver(runs.ingest);
    const ids = [(await jobs.start()).id, (await jobs.startAnew()).id];
    await runs.hasBegun(1);
    const told = ids.map(async (id) => {
      const events = await Array.fromAsync(jobs.follow(id, new AbortController().signal));
      return { files: events.flatMap((event) => (event.type === "file" ? [event.file.path] : [])), last: events.at(-1) };
    });
    // The followers ask for the job as it stands before they listen on.
    await Promise.resolve();
    runs.begun[0]?.end();
    await runs.hasBegun(2);
    runs.begun[1]?.end();
    const [first, second] = await Promise.all(told);
    expect(first?.last).toMatchObject({ type: "done", job: { id: ids[0], files: [{ path: "run-1.md" }] } });
    expect(second).toMatchObject({ files: ["run-2.md"], last: { type: "done", job: { id: ids[1] } } });
  });

  it("follow one that failed", async () => {
    const held = Promise.withResolvers<void>();
    let runs = 0;
    const { jobs } = jobsOver(async function* () {
      runs += 1;
      yield { type: "started", total: 1 };
      await held.promise;
      if (runs === 1) throw new RagError("not_ready", "The documents folder cannot be read.");
    });
    const [failing, waiting] = [await jobs.start(), await jobs.startAnew()];
    held.resolve();
    await jobs.idle();
    await expect(jobs.get(failing.id)).resolves.toMatchObject({ state: "failed" });
    await expect(jobs.get(waiting.id)).resolves.toMatchObject({ state: "succeeded" });
  });

  it("that cannot be recorded are refused, and the next one is tried anew", async () => {
    const runs = heldRuns();
    const store = memoryJobs();
    let isAway = false;
    const saveJob: IngestionJobStore["saveJob"] = (job) =>
      isAway ? Promise.reject(new RagError("store_unavailable", "away")) : store.saveJob(job, "this server");
    const { jobs } = jobsOver(runs.ingest, { ...store, saveJob });
    await jobs.start();
    await runs.hasBegun(1);
    isAway = true;
    await expect(jobs.startAnew()).rejects.toMatchObject({ code: "store_unavailable" });
    isAway = false;
    const { id } = await jobs.startAnew();
    runs.begun[0]?.end();
    await runs.hasBegun(2);
    runs.begun[1]?.end();
    await jobs.idle();
    expect(runs.begun).toHaveLength(2);
    await expect(jobs.get(id)).resolves.toMatchObject({ state: "succeeded" });
  });

  it("are interrupted by a stop without having begun, and so are those that come after it", async () => {
    const runs = heldRuns();
    const { jobs } = jobsOver(runs.ingest);
    const first = await jobs.start();
    await runs.hasBegun(1);
    const waiting = await jobs.startAnew();
    await jobs.stop();
    const late = await jobs.startAnew();
    await jobs.idle();
    expect(runs.begun).toHaveLength(1);
    for (const { id } of [first, waiting, late]) await expect(jobs.get(id)).resolves.toMatchObject({ state: "interrupted" });
  });
});
