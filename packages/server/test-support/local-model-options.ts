/** Options of models in a folder, as a test opens them. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LocalEmbedderOptions } from "../src/adapters/transformers/embedder.ts";
import type { LocalModelOptions } from "../src/adapters/transformers/local-model.ts";
import { timers } from "../src/composition/time.ts";

/** Nobody listens there: a model that needs the hub cannot be opened. */
const NO_HUB = "http://127.0.0.1:9";

/** Runs in the place of a model's program, and has faults. */
export const FAULTY_PROGRAM = fileURLToPath(new URL("./faulty-model-program.ts", import.meta.url));

/** Options of a model in a folder. */
export function optionsFor(path: string): LocalModelOptions {
  return { source: { kind: "folder", path }, precision: "fp32", modelsDir: join(path, "none"), hubUrl: NO_HUB, timers };
}

/** Options of an embedder in a folder. */
export function embedderOptionsFor(path: string, overrides: Partial<LocalEmbedderOptions> = {}): LocalEmbedderOptions {
  return { ...optionsFor(path), pooling: "mean", queryPrefix: "", passagePrefix: "", ...overrides };
}
