import { type IngestionEvent, RagError } from "@rag-personal/core";
import pino from "pino";
import { describe, expect, it } from "vitest";
import { createIngestionJobs, type IngestionJob, type IngestionJobStore } from "./ingestion-jobs.ts";

function memoryJobs(): IngestionJobStore & { readonly saved: IngestionJob[] } {
  const saved: IngestionJob[] = [];
  return {
    saved,
    saveJob: async (job) => void saved.push(job),
    getJob: async (id) => saved.findLast((job) => job.id === id),
    interruptRunningJobs: async () => 0,
    pruneJobs: async () => 0,
  };
}

const TWO_FILES: readonly IngestionEvent[] = [
  { type: "started", total: 2 },
  { type: "file", path: "a.md", outcome: "added", chunks: 3 },
  { type: "progress", done: 1, total: 2 },
  { type: "file", path: "b.bin", outcome: "failed", stage: "decode", reason: "it is a binary file", keptEarlierVersion: false },
  { type: "progress", done: 2, total: 2 },
];

function jobsOver(ingest: (signal: AbortSignal) => AsyncIterable<IngestionEvent>) {
  const store = memoryJobs();
  let ids = 0;
  const jobs = createIngestionJobs({
    jobs: store,
    ingest,
    log: pino({ level: "silent" }),
    newId: () => `job-${++ids}`,
    nowIso: () => "2026-01-01T00:00:00.000Z",
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
