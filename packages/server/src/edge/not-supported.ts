/** What a worker at the edge cannot do, and where to go instead. */
import { RagError } from "@rag-personal/core";

const REASONS = {
  ingestion: "A worker at the edge reads no documents. Ingest on a server, write a snapshot with rag snapshot, and bind that.",
  uploads: "A worker at the edge takes no files. Upload to the server, and bind a new snapshot.",
  deletion: "A worker at the edge never changes its snapshot. Delete the document on the server, and bind a new snapshot.",
  snapshot: "A worker at the edge answers from a snapshot and makes none. Ask the server for it.",
  backup: "A worker at the edge keeps nothing that could be lost. Take the backup at the server.",
  index: "A worker at the edge keeps no vectors and has no record to compare with. Ask the server.",
  users: "A worker at the edge has no users but the configured administrator.",
  login: "Nobody can log in to this worker: ADMIN_PASSWORD and SECRET_KEY are not set.",
  apiKeys: "A worker at the edge knows no key but API_KEY, and keeps none.",
  feedback: "A worker at the edge has nowhere to keep feedback. Send it to the server.",
  metrics: "A worker at the edge has no metrics: many come and go, and each would tell of itself alone. Use those of the platform.",
} as const;

export function notSupported(what: keyof typeof REASONS): RagError {
  return new RagError("not_supported", REASONS[what]);
}

/** A method that only refuses. */
export const refuse = (what: keyof typeof REASONS) => (): never => {
  throw notSupported(what);
};

/** A method that only refuses, by its promise. */
export const refuseLater = (what: keyof typeof REASONS) => async (): Promise<never> => {
  throw notSupported(what);
};
