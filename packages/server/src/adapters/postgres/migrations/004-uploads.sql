-- Files that were uploaded. Documents are made of them as of the files of a folder, but their bytes are nowhere else.

-- The bytes of one file as it was sent once; never changed. Written piece by piece before a file has them, so that no transaction lasts as long as
-- the bytes travel: the embedded server has one connection, and everybody else would wait.
create table upload_contents (
  id bigint generated always as identity primary key,
  begun_at timestamptz not null default now()
);

-- The primary key serves the reading in order.
create table upload_pieces (
  content_id bigint not null references upload_contents (id) on delete cascade,
  piece integer not null,
  bytes bytea not null,
  primary key (content_id, piece)
);

create table uploads (
  -- Of the document made of it; derived from the path.
  document_id text collate "C" primary key,
  -- The unique index also gives the order in which uploads are listed.
  path text collate "C" not null unique,
  media_type text not null,
  -- Of the bytes, in hexadecimal.
  sha256 text not null,
  size_bytes bigint not null,
  uploaded_at_ms bigint not null,
  uploaded_by text not null,
  -- The unique index also serves the search for contents that no file has.
  content_id bigint not null unique references upload_contents (id)
);
