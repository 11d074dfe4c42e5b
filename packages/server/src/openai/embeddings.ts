/** `POST /v1/embeddings`: texts as vectors. */
import { estimateTextTokens } from "@rag-personal/core";
import * as z from "zod";

const TEXT_ALONE = "must be text or a list of texts, not of tokens";

export const embeddingsRequest = z.strictObject({
  model: z.string().min(1).max(200),
  input: z.union([z.string(), z.array(z.string())], TEXT_ALONE),
  encoding_format: z.enum(["float", "base64"], "must be float or base64").nullish(),
  dimensions: z.int().nullish(),
  user: z.string().nullish(),
  rag: z.strictObject({ purpose: z.enum(["query", "passage"]).nullish() }).nullish(),
});

type EmbeddingsRequest = z.output<typeof embeddingsRequest>;

export const textsOf = ({ input }: EmbeddingsRequest): string[] => (typeof input === "string" ? [input] : input);

export function embeddingList(
  request: EmbeddingsRequest,
  { model, vectors }: { readonly model: string; readonly vectors: readonly (readonly number[])[] },
) {
  const encode = request.encoding_format === "base64" ? toBase64 : (vector: readonly number[]) => vector;
  const tokens = textsOf(request).reduce((sum, text) => sum + estimateTextTokens(text), 0);
  return {
    object: "list",
    data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: encode(vector) })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens, estimated: true },
  };
}

/** The numbers as 32-bit floats, little-endian. */
function toBase64(vector: readonly number[]): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [at, value] of vector.entries()) bytes.setFloat32(at * 4, value, true);
  return btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
}
