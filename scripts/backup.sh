#!/usr/bin/env bash
# Takes a backup of what is in use now: the record and the sessions, as a set of its own below ./backups, read back before it counts.
#
#   ./scripts/backup.sh
#
# The running server is not disturbed. The service `backup` does the same every night; docs/deployment.md says what a set holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FILE=docker-compose.prod.yml
if (($# > 0)); then
  sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  [[ $1 == --help ]] && exit 0
  exit 2
fi
unset ADMIN_PASSWORD POSTGRES_PASSWORD REDIS_PASSWORD
printf 'backup: taking a backup into ./backups\n' >&2
if docker compose -f "$FILE" run --rm --no-deps -T backup rag backup; then exit 0; fi
printf 'backup: FAILED. There is no new set, and the earlier ones are as they were.\n' >&2
printf 'backup:   The lines above say why. Is there room (df -h backups), and do postgres and redis run (docker compose -f %s ps)?\n' "$FILE" >&2
exit 1
