/** What an embedder and a reranker on this machine have in common. */
import { basename } from "node:path";
import type { ModelPrecision, ModelSource } from "../../model-source.ts";
import type { ModelSetup } from "./messages.ts";
import { type ModelServiceOptions, type ModelStatus, TOKENS_PER_RUN } from "./model-service.ts";

/** Where a local model comes from, and what it may use. */
export interface LocalModelOptions extends ModelServiceOptions {
  readonly source: ModelSource;
  readonly precision: ModelPrecision;
  /** Absolute; keeps what is fetched from the hub. Not used for a folder. */
  readonly modelsDir: string;
  /** Where models of the hub are fetched. */
  readonly hubUrl: string;
}

/** A model with a process of its own. */
export interface LocalModel {
  status(): ModelStatus;
  /** Requests that wait fail with `not_ready`; resolves when the process is gone. */
  close(): Promise<void>;
}

/** What the process is told first. */
export function modelSetup(options: LocalModelOptions, task: ModelSetup["task"]): ModelSetup {
  const { source, precision, modelsDir, hubUrl } = options;
  return { task, source, precision, modelsDir, hubUrl, tokensPerRun: TOKENS_PER_RUN, serverPid: process.pid };
}

/** Name and contents: another file under the same name is another model. */
export function modelId({ source, precision }: LocalModelOptions, digest: string): string {
  const name = source.kind === "folder" ? basename(source.path) : `${source.name}@${source.revision}`;
  return `${name} ${digest} ${precision}`;
}
