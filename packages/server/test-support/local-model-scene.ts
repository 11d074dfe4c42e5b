/** Local models as a test opens them: tiny ones, through the real loader, in the real process. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import { type LocalEmbedderOptions, openLocalEmbedder } from "../src/adapters/transformers/embedder.ts";
import type { StartProcess } from "../src/adapters/transformers/model-process.ts";
import { embedderOptionsFor, FAULTY_PROGRAM } from "./local-model-options.ts";

/** A folder that is gone when the tests of the file have ended. */
export async function createModelFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rag-models-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens an embedder whose process has faults, and gives the processes it has had, the running one last. It is closed after the test. */
export async function openFaultyEmbedder(path: string, overrides: Partial<LocalEmbedderOptions> = {}) {
  const processes: ChildProcess[] = [];
  const startProcess: StartProcess = (_, options) => {
    const child = fork(FAULTY_PROGRAM, [], options);
    processes.push(child);
    return child;
  };
  const startedAt = performance.now();
  const embedder = await openLocalEmbedder(embedderOptionsFor(path, { startProcess, ...overrides }));
  const openedMs = performance.now() - startedAt;
  onTestFinished(() => embedder.close());
  return { embedder, processes, openedMs };
}

/** Ends the process of a model by a signal; resolves when it is gone and the model was told. */
export async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined) throw new Error("there is no such process");
  const gone = once(child, "close");
  child.kill(signal);
  await gone;
}
