/** Texts as vectors, and the models that can be asked for by name. */
import { type Embedder, RagError } from "@rag-personal/core";
import * as z from "zod";
import type { Principal } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { count, nothing } from "./fields.ts";
import { procedure } from "./procedure.ts";

/** Whatever embeds at the moment. */
const CURRENT_EMBEDDINGS = "rag-embeddings";

const MAX_TEXTS = 2_048;
/** Of one text, UTF-16 units. */
const MAX_TEXT_CHARS = 32_768;
/** Texts handed over at once: with more, a long list would hold up what others have to embed. */
const BATCH = 32;

/** The id of a model's vectors, of which an address can be made. */
const nameOf = ({ id }: Pick<Embedder, "id">): string => id.replace(/[^\w.@-]+/g, "_");

export function createEmbeddingProcedures(services: Pick<AppServices, "embedder">) {
  function embedderOf(principal: Principal): Embedder {
    const embedder = services.embedder(principal);
    if (embedder === "none") {
      throw new RagError(
        "not_ready",
        "There is no embedding model yet: none is configured (EMBEDDING_MODEL), and too few documents are stored to learn one from.",
      );
    }
    if (embedder === "outOfReach") {
      throw new RagError(
        "forbidden",
        "The vectors here are learnt from all documents, and this API key may read some of them alone. They need a key for all, or a configured EMBEDDING_MODEL.",
      );
    }
    return embedder;
  }

  return {
    create: procedure({
      operation: "embeddings.create",
      input: z.strictObject({
        /** {@link CURRENT_EMBEDDINGS}, or one version of it by its own name. */
        model: z.string().max(200).default(CURRENT_EMBEDDINGS),
        texts: z.array(z.string().min(1).max(MAX_TEXT_CHARS)).min(1).max(MAX_TEXTS),
        dimensions: z.int().optional(),
        purpose: z.enum(["query", "passage"]).default("passage"),
      }),
      output: z.object({ model: z.string(), dimensions: count, vectors: z.array(z.array(z.number())) }),
      async run({ model, texts, dimensions, purpose }, { principal, signal }) {
        const embedder = embedderOf(principal);
        const name = nameOf(embedder);
        if (model !== CURRENT_EMBEDDINGS && model !== name) throw noModel(model);
        if (dimensions !== undefined && dimensions !== embedder.dimensions) {
          const message = `must be ${embedder.dimensions}, or left out: vectors are not shortened`;
          throw new RagError("invalid_request", `dimensions: ${message}`, { issues: [{ path: "dimensions", message }] });
        }
        const vectors: number[][] = [];
        for (let at = 0; at < texts.length; at += BATCH) {
          const made = await embedder.embed(texts.slice(at, at + BATCH), { purpose, signal });
          for (const vector of made) vectors.push(Array.from(vector));
        }
        return { model: name, dimensions: embedder.dimensions, vectors };
      },
    }),
    models: procedure({
      operation: "models.list",
      input: nothing,
      output: z.object({ models: z.array(z.string()) }),
      async run(_, { principal }) {
        const embedder = services.embedder(principal);
        return { models: typeof embedder === "string" ? [] : [CURRENT_EMBEDDINGS, nameOf(embedder)] };
      },
    }),
  };
}

export function noModel(model: string): RagError {
  const message = `There is no model ${JSON.stringify(model.slice(0, 100))}. GET /v1/models lists them.`;
  return new RagError("not_found", message, { issues: [{ path: "model", message }] });
}
