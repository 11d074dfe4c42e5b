/** The names that `model` can have. */
import { noModel } from "../api/embeddings.ts";

/** What answers questions, and the same with its citations in the text, for programs that send no fields of ours. */
export const CHAT_MODELS = ["rag", "rag-footnotes"] as const;
export type ChatModel = (typeof CHAT_MODELS)[number];

/** @throws RagError `not_found` */
export function requireChatModel(name: string): ChatModel {
  const model = CHAT_MODELS.find((known) => known === name);
  if (model === undefined) throw noModel(name);
  return model;
}

/** When a model came to be is not known. */
const describe = (id: string) => ({ id, object: "model", created: 0, owned_by: "rag-personal" });

export const modelList = (embeddings: readonly string[]) => ({ object: "list", data: [...CHAT_MODELS, ...embeddings].map(describe) });

/** @throws RagError `not_found` */
export function modelNamed(name: string, embeddings: readonly string[]) {
  if (![...CHAT_MODELS, ...embeddings].includes(name)) throw noModel(name);
  return describe(name);
}
