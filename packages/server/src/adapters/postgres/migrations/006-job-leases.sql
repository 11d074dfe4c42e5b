-- Ingestion jobs of several servers over one database.
-- usable-from: 4

alter table ingestion_jobs
  -- The server that has it in hand; null for those of before.
  add column holder text,
  -- The server has begun with it; one job at a time, whichever server's.
  add column is_at_work boolean not null default false,
  -- When it was last heard that the job is in hand. Whoever falls silent is taken for gone.
  add column renewed_at timestamptz not null default now();
