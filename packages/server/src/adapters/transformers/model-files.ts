/** The files of a model, and what tells one model from another of the same name. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ModelPrecision } from "../../model-source.ts";
import type { ModelSetup } from "./messages.ts";

const FILE_SUFFIX: Readonly<Record<ModelPrecision, string>> = { fp32: "", fp16: "_fp16", q8: "_quantized", q4: "_q4" };
const DESCRIPTIONS = ["config.json", "tokenizer.json", "tokenizer_config.json"];

/** Where the files are, or will be once they have been fetched. */
export function modelFolder({ source, modelsDir }: Pick<ModelSetup, "source" | "modelsDir">): string {
  if (source.kind === "folder") return source.path;
  return source.revision === "main" ? join(modelsDir, source.name) : join(modelsDir, source.name, source.revision);
}

/** The file that holds the network, below the model's folder. */
export function networkFile(precision: ModelPrecision): string {
  return `onnx/model${FILE_SUFFIX[precision]}.onnx`;
}

/** A digest over the files that the results depend on; the name of the folder is none of it. */
export async function digestModel(folder: string, precision: ModelPrecision): Promise<string> {
  const network = networkFile(precision);
  // Large networks keep their numbers in files beside: model.onnx_data, model.onnx_data_1.
  const networks = (await readdir(join(folder, "onnx"))).map((name) => `onnx/${name}`).filter((name) => name.startsWith(network));
  const hash = createHash("sha256");
  for (const file of [...DESCRIPTIONS, ...networks.sort()]) {
    hash.update(`${file}\0`);
    for await (const bytes of createReadStream(join(folder, file))) hash.update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}
