/** Folders with models that are too small to be good at anything, in the layout of the Hugging Face hub. Quality is never quoted for them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crossEncoderGraph, embeddingGraph, TINY_DIMENSIONS } from "./graphs.ts";
import { encodeOnnx, type OnnxGraph } from "./onnx.ts";
import { describeTokenizer, listPieces } from "./tokenizer.ts";

/** Tokens that the tiny models take at most. */
export const TINY_MAX_TOKENS = 64;

async function writeModel(folder: string, architecture: string, graph: OnnxGraph, extra: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const { tokenizer, config } = describeTokenizer(TINY_MAX_TOKENS);
  const modelConfig = {
    architectures: [architecture],
    model_type: "bert",
    hidden_size: TINY_DIMENSIONS,
    max_position_embeddings: TINY_MAX_TOKENS,
    vocab_size: listPieces().length,
    ...extra,
  };
  await mkdir(join(folder, "onnx"), { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify(modelConfig));
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  await writeFile(join(folder, "onnx", "model.onnx"), encodeOnnx(graph));
}

/** An embedding model. A seed makes another model, and rounds of multiplying a slow one. */
export function writeTinyEmbedder(
  folder: string,
  { seed = 1, rounds = 0, dimensions = TINY_DIMENSIONS }: { readonly seed?: number; readonly rounds?: number; readonly dimensions?: number } = {},
): Promise<void> {
  return writeModel(folder, "BertModel", embeddingGraph(seed, rounds, dimensions), { hidden_size: dimensions });
}

/** A cross-encoder. @param labels numbers that it gives for a pair of texts. */
export function writeTinyReranker(folder: string, labels: 1 | 2 = 1): Promise<void> {
  const names = Object.fromEntries(Array.from({ length: labels }, (_, label) => [String(label), `LABEL_${label}`]));
  return writeModel(folder, "BertForSequenceClassification", crossEncoderGraph(labels), { id2label: names });
}
