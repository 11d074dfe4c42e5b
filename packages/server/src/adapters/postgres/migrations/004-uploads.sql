-- Files that were uploaded. Documents are made of them as of the files of a folder, but their bytes are nowhere else.
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
  uploaded_by text not null
);

-- In pieces for the same reason as texts. The primary key serves the reading in order.
create table upload_pieces (
  document_id text collate "C" not null references uploads (document_id) on delete cascade,
  piece integer not null,
  bytes bytea not null,
  primary key (document_id, piece)
);
