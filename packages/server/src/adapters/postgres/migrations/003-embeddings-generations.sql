-- What an embedding model made of a text, so that no text is embedded twice: not when it moves, not when the vector store is rebuilt.
-- Texts are known by their SHA-256; a chunk that many documents share has one row.
create table embeddings (
  embedder_id text collate "C" not null,
  text_digest text collate "C" not null,
  -- 32-bit floats, little-endian.
  vector bytea not null,
  primary key (embedder_id, text_digest)
);

-- For forgetting a text under every embedder.
create index embeddings_by_text on embeddings (text_digest);

-- Which collections of vectors there are, and which one answers.
create table index_generations (
  -- Never given twice: a late write to a generation that was removed must not meet another one.
  number integer generated always as identity primary key,
  embedder_id text not null,
  dimensions integer not null,
  state text not null check (state in ('building', 'live', 'previous')),
  created_at_ms bigint not null
);

-- One is live at most, whatever several servers do at once.
create unique index index_generations_live on index_generations (state) where state = 'live';
