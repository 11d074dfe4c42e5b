#!/bin/bash
# Before the image's own entrypoint: the folder of the write-ahead log belongs to PostgreSQL.
set -euo pipefail
install -d -o postgres -g postgres -m 0700 /wal/pg_wal
exec docker-entrypoint.sh "$@"
