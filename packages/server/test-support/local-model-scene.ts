/** Local models as a test opens them: tiny ones, through the real loader, in the real thread. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { afterAll, onTestFinished } from "vitest";
import { type LocalEmbedderOptions, openLocalEmbedder } from "../src/adapters/transformers/embedder.ts";
import type { LocalModelOptions } from "../src/adapters/transformers/local-model.ts";
import { timers } from "../src/composition/time.ts";

/** Nobody listens there: a model that needs the hub cannot be opened. */
const NO_HUB = "http://127.0.0.1:9";
const FAULTY_WORKER = new URL("./faulty-model-worker.ts", import.meta.url);

/** A folder that is gone when the tests of the file have ended. */
export async function createModelFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rag-models-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Options of a model in a folder. */
export function optionsFor(path: string): LocalModelOptions {
  return { source: { kind: "folder", path }, precision: "fp32", modelsDir: join(path, "none"), hubUrl: NO_HUB, timers };
}

/** Options of an embedder in a folder. */
export function embedderOptionsFor(path: string, overrides: Partial<LocalEmbedderOptions> = {}): LocalEmbedderOptions {
  return { ...optionsFor(path), pooling: "mean", queryPrefix: "", passagePrefix: "", ...overrides };
}

/** Opens an embedder whose thread has faults, and gives the threads it has had, the running one last. It is closed after the test. */
export async function openFaultyEmbedder(path: string, overrides: Partial<LocalEmbedderOptions> = {}) {
  const threads: Worker[] = [];
  const startWorker = (_: URL, options: WorkerOptions) => {
    const worker = new Worker(FAULTY_WORKER, options);
    threads.push(worker);
    return worker;
  };
  const embedder = await openLocalEmbedder(embedderOptionsFor(path, { startWorker, ...overrides }));
  onTestFinished(() => embedder.close());
  return { embedder, threads };
}
