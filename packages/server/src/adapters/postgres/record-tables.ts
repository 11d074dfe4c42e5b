/** Which tables are the record, and which can be had without it. Every table that a migration makes is in one of the two lists. */

/** In an order in which rows can be put back: whoever refers to another comes after it. */
export const RECORD_TABLES = [
  "schema_migrations",
  "documents",
  "document_texts",
  "chunks",
  "sessions",
  "feedback",
  "ingestion_jobs",
  "users",
  "api_keys",
  "embeddings",
  "index_generations",
  "upload_contents",
  "upload_pieces",
  "uploads",
] as const;

/** Computed again from the record: left out of backups. */
export const DERIVED_TABLES = ["index_snapshots", "index_snapshot_pieces"] as const;
