/** Settings of the models that run on this machine. */
import { MODEL_PRECISIONS, type ModelSource, parseModelSource } from "../model-source.ts";
import { integer, oneOf, optional, type Setting, url, verbatim } from "./kinds.ts";

const optionalModel = (description: string, fallback: string): Setting<ModelSource | undefined> => ({
  description,
  fallback,
  parse: (raw) => (raw === undefined || raw === "" ? undefined : parseModelSource(raw)),
});

export const LOCAL_MODEL_SETTINGS = {
  EMBEDDING_MODEL: optionalModel(
    "A model for vectors that runs on this machine: a folder (`/models/e5-small`, `./e5-small`) or a model of the hub (`owner/name`, `owner/name@revision`).",
    "none: meaning is learnt from your documents",
  ),
  EMBEDDING_POOLING: oneOf("How the vectors of the tokens become one: their mean, or the first one. The model's card says which.", ["mean", "cls"]),
  EMBEDDING_QUERY_PREFIX: verbatim("What stands before a question for this model, such as `query: ` with its space.", "none"),
  EMBEDDING_PASSAGE_PREFIX: verbatim("What stands before a passage for this model, such as `passage: ` with its space.", "none"),
  EMBEDDING_WEIGHT: integer("Say of this model in the order of hits, beside the built-in signals, in percent.", 40, 0, 100),
  RERANKER_MODEL: optionalModel("A cross-encoder that runs on this machine and orders what was found; a folder or a model of the hub.", "none"),
  MODEL_PRECISION: oneOf(
    "How exact the numbers of local models are; each is a file of its own, and `q8` has a quarter of the size.",
    MODEL_PRECISIONS,
  ),
  MODELS_DIR: optional("Folder that keeps models fetched from the hub.", "`models` in `DATA_DIR`"),
  MODEL_HUB_URL: url("Where models of the hub are fetched, once.", "https://huggingface.co"),
  MODEL_QUEUE_TEXTS: integer("Texts that may wait for a local model, of questions and of documents each.", 4_096, 1, 1_000_000),
  MODEL_TIMEOUT_MS: integer("How long a local model may take over one batch before it is loaded anew, in milliseconds.", 30_000, 100, 600_000),
  MODEL_MAX_GROWTH_MB: integer("A local model is loaded anew when its process has grown by so much since it was loaded, in MiB.", 512, 64, 1_048_576),
} as const satisfies Record<string, Setting<unknown>>;
