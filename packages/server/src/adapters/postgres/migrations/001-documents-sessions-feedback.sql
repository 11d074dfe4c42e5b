-- Keys compare by bytes ("C"): the order is the same everywhere, and no update of the system's locales can break an index.
-- Times are milliseconds since the epoch; offsets and lengths count UTF-16 units.

create table documents (
  id text collate "C" primary key,
  -- The unique index also gives the order in which documents are listed and loaded.
  path text collate "C" not null unique,
  title text not null,
  format text not null,
  content_hash text not null,
  source_hash text not null,
  size_bytes bigint not null,
  text_length integer not null,
  chunk_count integer not null,
  updated_at_ms bigint not null
);

-- A document's text in pieces of at most a million units, because the embedded server takes quadratic time for a large message
-- (measured: 0.01 s for 1 MB, 15 s for 50 MB). The primary key serves the reading in order.
create table document_texts (
  document_id text collate "C" not null references documents (id) on delete cascade,
  piece integer not null,
  text text not null,
  primary key (document_id, piece)
);

-- A chunk has no text of its own: it is a span of its document's text, so the two cannot disagree and nothing is stored twice.
-- The unique constraint's index serves the reading of one document's chunks in order.
create table chunks (
  id text collate "C" primary key,
  document_id text collate "C" not null references documents (id) on delete cascade,
  ordinal integer not null,
  start_offset integer not null,
  end_offset integer not null,
  heading_path jsonb not null,
  unique (document_id, ordinal)
);

create table sessions (
  id text collate "C" primary key,
  principal text collate "C" not null,
  version integer not null,
  turns jsonb not null,
  created_at_ms bigint not null,
  updated_at_ms bigint not null
);

-- For listing and pruning the sessions of one principal, the most recently updated first.
create index sessions_by_principal on sessions (principal, updated_at_ms desc, id);

create table feedback (
  -- The client's idempotency key.
  id text collate "C" primary key,
  principal text not null,
  rating text not null check (rating in ('up', 'down')),
  request_id text,
  session_id text,
  comment text,
  at_ms bigint not null
);

create table ingestion_jobs (
  id text collate "C" primary key,
  state text not null,
  started_at text not null,
  finished_at text,
  progress jsonb not null,
  counts jsonb not null,
  files jsonb not null,
  error text
);

-- For finding what a killed server left running; such jobs are few, so the index is as good as empty.
create index ingestion_jobs_running on ingestion_jobs (id) where state = 'running';

-- What can be computed again, at some cost: the trained semantic space. In pieces for the same reason as texts.
create table index_snapshots (
  name text collate "C" primary key,
  size_bytes bigint not null,
  updated_at_ms bigint not null
);

create table index_snapshot_pieces (
  name text collate "C" not null references index_snapshots (name) on delete cascade,
  piece integer not null,
  bytes bytea not null,
  primary key (name, piece)
);
