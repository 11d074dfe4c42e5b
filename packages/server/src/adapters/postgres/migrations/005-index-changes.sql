-- What becomes of documents, so that every server over this database keeps its index in step with what the others do.
-- usable-from: 4

-- One row, changed last in every transaction that changes documents and locked from then until its end: so the numbers follow the order of the
-- commits and have no gaps, and whoever has read up to one of them has missed nothing. The lock lasts as long as a commit.
create table index_change_counter (
  is_only boolean primary key default true check (is_only),
  -- Another log, as after a restore, begins to count anew.
  log uuid not null default gen_random_uuid(),
  last bigint not null
);

insert into index_change_counter (last) values (0);

-- Bounded: whoever is further behind than it reaches compares everything. The primary key serves the reading from a number on.
create table index_changes (
  number bigint primary key,
  -- Stored or removed: what it is now, the other tables say. Null: another semantic space was kept.
  document_id text collate "C"
);

-- Tells one kept space from the next without reading it.
alter table index_snapshots add column version uuid not null default gen_random_uuid();
