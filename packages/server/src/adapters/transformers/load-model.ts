/** Loads the files of a model through `@xenova/transformers`, in the process that will run it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type * as Runtime from "@rag-personal/model-runtime";
import type { ModelSetup } from "./messages.ts";
import { modelFolder, networkFile } from "./model-files.ts";

/** The model cannot be used as it is configured; the message says what to do. */
export class UnusableModel extends Error {
  override readonly name = "UnusableModel";
}

const ERRORS_ALONE = 40;

/** A tokeniser and a network, as the runtime gives them. */
export interface LoadedFiles {
  readonly runtime: typeof Runtime;
  readonly tokenizer: Runtime.PreTrainedTokenizer;
  readonly network: Runtime.PreTrainedModel;
}

async function importRuntime(): Promise<typeof Runtime> {
  try {
    return await import("@rag-personal/model-runtime");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new UnusableModel(
      "what runs local models is not installed. `npm start` installs it when EMBEDDING_MODEL or RERANKER_MODEL is set; by hand: `pnpm install --prod --frozen-lockfile`",
    );
  }
}

/**
 * Reads a folder with the network off. So is a model of the hub read that was fetched before: it stays what it was until its folder is
 * removed, and a start needs no hub.
 *
 * @throws {UnusableModel} when it cannot be used as it is configured.
 */
export async function loadModelFiles(setup: ModelSetup): Promise<LoadedFiles> {
  const runtime = await importRuntime();
  const { source, precision } = setup;
  const { env, AutoTokenizer } = runtime;
  const Model = setup.task === "score" ? runtime.AutoModelForSequenceClassification : runtime.AutoModel;
  const folder = modelFolder(setup);
  const isHere = ["config.json", "tokenizer.json", "tokenizer_config.json", networkFile(precision)].every((file) => existsSync(join(folder, file)));
  if (source.kind === "folder" && !isHere) {
    throw new UnusableModel(
      `${folder} is no model of precision ${precision}: it must hold config.json, tokenizer.json, tokenizer_config.json and ${networkFile(precision)}`,
    );
  }
  env.logLevel = ERRORS_ALONE;
  env.cacheDir = setup.modelsDir;
  env.allowRemoteModels = !isHere;
  env.useFSCache = !isHere;
  env.remoteHost = setup.hubUrl;
  const name = isHere || source.kind === "folder" ? folder : source.name;
  const options = source.kind === "hub" ? { revision: source.revision } : {};
  try {
    const tokenizer = await AutoTokenizer.from_pretrained(name, options);
    // The memory that a run took is given back after it: it would otherwise grow to what the longest texts ever needed.
    const session = { enableCpuMemArena: false };
    return { runtime, tokenizer, network: await Model.from_pretrained(name, { ...options, dtype: precision, session_options: session }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (source.kind === "folder") throw new UnusableModel(`${folder} cannot be loaded: ${reason}`);
    throw new UnusableModel(`${source.name} at ${source.revision} cannot be fetched from ${setup.hubUrl} or loaded: ${reason}`);
  }
}
