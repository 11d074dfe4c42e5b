create table users (
  id text collate "C" primary key,
  -- The unique index also gives the order in which users are listed. A name is never changed or given twice: it owns sessions.
  username text collate "C" not null unique,
  email text not null,
  -- argon2id in PHC string format, salt and parameters included.
  password_hash text not null,
  is_superuser boolean not null,
  created_at_ms bigint not null,
  -- Tokens issued before have ended.
  password_set_at_ms bigint not null,
  disabled_at_ms bigint
);

-- There are few: the server reads them all every few seconds and looks them up in memory, so that made-up keys cost no statement.
create table api_keys (
  -- Part of the key, and no secret.
  id text collate "C" primary key,
  name text not null,
  -- SHA-256 of 256 random bits, in hexadecimal.
  secret_hash text not null,
  operations jsonb not null,
  -- Null: all documents.
  path_prefixes jsonb,
  requests_per_minute integer,
  requests_per_day integer,
  created_at_ms bigint not null,
  expires_at_ms bigint,
  revoked_at_ms bigint,
  last_used_at_ms bigint
);
