#!/bin/bash
# Once, when the database is made: the role of the server, which owns its database and may read the write-ahead log, and is no superuser.
set -e
psql --quiet -v ON_ERROR_STOP=1 -U postgres -d rag <<'SQL'
create role rag login replication;
alter database rag owner to rag;
alter schema public owner to rag;
\i /deploy/set-password.sql
SQL
printf 'host replication rag all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
