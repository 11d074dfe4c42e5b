#!/usr/bin/env bash
# Puts a backup in the place of what is in use: the record, and the sessions. What is derived from them is made anew.
#
#   ./scripts/restore.sh --list             the sets there are
#   ./scripts/restore.sh --dry-run DATE     verifies a set, tells what would be replaced, and changes nothing
#   ./scripts/restore.sh DATE               restores the newest set of a day (2025-12-24), or one by its name
#   ./scripts/restore.sh --latest           restores the newest moment that the continuous archive has
#   ./scripts/restore.sh --to TIME          restores one moment of it (2025-12-24T15:30:00Z)
#
# The set is verified and prepared while the server runs on. Then the server is stopped, the new record takes the place of the old one in one
# step, and the server is started and asked. When it is not well, the old record comes back. Killed at any moment, there is the old record or the
# new one: run the same command again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FILE=docker-compose.prod.yml
READY_SECONDS=${RESTORE_READY_SECONDS:-300}
say() { printf 'restore: %s\n' "$*" >&2; }
compose() { docker compose -f "$FILE" "$@"; }
restore() { compose run --rm --no-deps -T backup rag restore "$@"; }
usage() { sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
unset ADMIN_PASSWORD POSTGRES_PASSWORD REDIS_PASSWORD

case ${1:-} in
  --help) usage && exit 0 ;;
  --list) [[ $# == 1 ]] && { restore --list; exit; } ;;
  --dry-run) [[ $# == 2 ]] && { restore --dry-run "$2"; exit; } ;;
  --latest) [[ $# == 1 ]] && what=(--latest) ;;
  --to) [[ $# == 2 ]] && what=(--to "$2") ;;
  -* | "") ;;
  *) [[ $# == 1 ]] && what=("$1") ;;
esac
if [[ -z ${what+set} ]]; then
  usage
  exit 2
fi

mkdir -p data
exec 9>data/.deploy.lock
flock --nonblock 9 || { say "A deploy or another restore is running. Wait for its end."; exit 1; }

start_api() { # 0 when it is ready
  local until=$((SECONDS + READY_SECONDS))
  compose up -d --no-deps api >/dev/null 2>&1 || return 1
  # Asked directly: the health check of the container would tell some seconds later.
  until compose exec -T api node deploy/health-check.mjs >/dev/null 2>&1; do
    ((SECONDS < until)) || return 1
    sleep 0.2
  done
}
# Whoever else works on the record makes room too, and comes back with the server.
had_backup=$(compose ps -q --status running backup 2>/dev/null || true)
trap 'if [[ -n $had_backup ]]; then compose start backup >/dev/null 2>&1 || true; fi' EXIT
# It searches its own documents, asked from within; that it finds nothing (7) is no failure.
asks() {
  local code=0
  # shellcheck disable=SC2016 # expanded in the container, which has the key
  compose exec -T api sh -c 'RAG_API_KEY=$API_KEY exec rag search --json a' >/dev/null || code=$?
  [[ $code == 0 || $code == 7 ]]
}

compose up -d --no-deps postgres redis >/dev/null 2>&1
say "verifying and preparing ${what[*]}; the server runs on"
if ! restore --prepare "${what[@]}"; then
  say "FAILED. Nothing in use was touched."
  say "  The lines above say why. Other sets: ./scripts/restore.sh --list"
  exit 1
fi
stopped_at=$SECONDS
say "stopping the server and putting the restored record in its place"
# Interrupted: no other server is there that Caddy could send to instead, and waiting until it knows would make the outage longer.
compose kill --signal SIGINT api api-next >/dev/null 2>&1 || true
compose stop api api-next backup >/dev/null 2>&1 || true
if ! restore --switch; then
  start_api || true
  say "FAILED. The record from before is in use, and the server was started again."
  say "  The lines above say why. Then run the same command again."
  exit 1
fi
if start_api && asks; then
  compose exec -T caddy true 2>/dev/null || compose up -d --no-deps caddy >/dev/null 2>&1
  restore --finish
  say "restored; the server was away for $((SECONDS - stopped_at)) s, and the whole took $SECONDS s. To verify: curl http://localhost:8000/health/detailed"
  exit 0
fi
compose logs --no-log-prefix --tail=20 api >&2 || true
say "the server is not well with the restored record; going back to the one before"
compose stop api >/dev/null 2>&1 || true
restore --back
if start_api; then say "FAILED. The record from before is in use again, and the server runs. The lines above say what was wrong."; else
  say "FAILED. The record from before is in use again, but the server does not become ready either: docker compose -f $FILE logs api --tail=50"
fi
exit 1
