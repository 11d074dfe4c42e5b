#!/usr/bin/env bash
# Builds the version that is checked out and puts it into service: a first installation, an update, or a way back (git checkout <commit>).
#
#   ./scripts/deploy.sh [--no-cache] [--no-backup]
#
#   --no-cache    build every layer of the images anew
#   --no-backup   take no backup before the schema of the database changes
#
# The running version serves until the new one is ready, and goes on serving when it never becomes so. docs/deployment.md tells each step.
# From the environment: DEPLOY_READY_SECONDS, how long a version may take to become ready (300); DEPLOY_WITHOUT, services that are not
# started (such as "grafana"); DOCKER_BUILD_OPTS, further options of `docker build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FILE=docker-compose.prod.yml
READY_SECONDS=${DEPLOY_READY_SECONDS:-300}
# For caddy to ask whoever is ready (health_interval and health_timeout in deploy/caddy/Caddyfile).
NOTICE_SECONDS=4
KEPT_VERSIONS=3

say() { printf 'deploy: %s\n' "$*"; }
fail() { # what happened, and what to do
  printf 'deploy: FAILED. %s\n' "$1" >&2
  shift
  for line in "$@"; do printf 'deploy:   %s\n' "$line" >&2; done
  exit 1
}
compose() { docker compose -f "$FILE" "$@"; }

build_options=()
wants_backup=yes
for argument in "$@"; do
  case $argument in
    --no-cache) build_options+=(--no-cache) ;;
    --no-backup) wants_backup=no ;;
    *)
      sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      [[ $argument == --help ]] && exit 0
      exit 2
      ;;
  esac
done

# ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
docker info >/dev/null 2>&1 || fail "No Docker engine answers." "Start it, or let this user use it (group docker)."
docker compose version >/dev/null 2>&1 || fail "Docker has no Compose v2." "Install the package docker-compose-plugin."
[[ -f .env ]] || fail "There is no .env." "Make it as docs/deployment.md says: cp .env.example .env, and set its secrets."
chmod 600 .env
# The images check all settings; this is told before anything is built.
if grep -qE '^[A-Z_]+=change-me' .env; then
  fail "These secrets in .env are still those of .env.example: $(sed -n 's/=change-me.*//p' .env | paste -sd ' ')." "Set each to the output of: openssl rand -hex 32"
fi
# Here .env alone counts: what was exported for another command, such as ADMIN_PASSWORD for create-admin, is not deployed.
unset API_KEY SECRET_KEY ADMIN_PASSWORD POSTGRES_PASSWORD REDIS_PASSWORD METRICS_USERNAME METRICS_PASSWORD
setting() { # a line of the configuration that Compose has put together, such as NODE_IMAGE
  compose config | sed -n "s/^ *$1: //p" | head -1
}
compose config --quiet || fail "The compose file or .env cannot be read." "The lines above say where."

# Under a strict umask Git makes files that the users of the containers could not read.
chmod -R go+rX deploy monitoring examples packages/*/src scripts
mkdir -p data backups secrets
exec 9>data/.deploy.lock
flock --nonblock 9 || fail "Another deploy is running." "Wait for its end."

version=$(git rev-parse --short HEAD 2>/dev/null || echo unversioned)
[[ -z $(git status --porcelain --untracked-files=no 2>/dev/null) ]] || version+=-changed
image=$(compose config --images | sed -n 's/:current$//p' | grep -v -- '-backup$')
without=" ${DEPLOY_WITHOUT:-$(sed -n 's/^DEPLOY_WITHOUT=//p' .env)} "
wanted() { [[ $without != *" $1 "* ]]; }
say "deploying $version as $image"

free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
((free_kib > 2 * 1024 * 1024)) || fail "Less than 2 GB are free on this disk." "Make room: docker image prune, old backups, data/."

# ── Images ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
read -ra given_options <<<"${DOCKER_BUILD_OPTS:-}"
build() { # target, tag…
  local target=$1 tags=()
  shift
  for tag in "$@"; do tags+=(--tag "$tag"); done
  docker build "${build_options[@]}" "${given_options[@]}" --quiet --file deploy/Dockerfile --target "$target" "${tags[@]}" \
    --build-arg "NODE_IMAGE=$(setting NODE_IMAGE)" --build-arg "BASE_IMAGE=$(setting BASE_IMAGE)" \
    --build-arg "LOCAL_MODELS=$(setting LOCAL_MODELS | tr -d \")" --build-arg "VERSION=$version" . >/dev/null ||
    fail "The image of $target could not be built; nothing was changed." "The lines above say why."
}
say "building the images"
build api "$image:$version" "$image:next"
build_options=()
if wanted backup; then build backup "$image-backup:next"; fi
say "built $image:$version, $(docker image inspect -f '{{.Size}}' "$image:next" | awk '{ printf "%.0f MB", $1 / 1e6 }')"

# ── Folders, settings, secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────
folders=(data/api data/api/feedback data/api-next data/models data/postgres data/redis data/chroma data/caddy/data data/caddy/config
  data/prometheus data/alertmanager data/grafana data/scratch backups secrets/backup)
mkdir -p "${folders[@]}"
mkdir -p "$(compose config | sed -n 's/^ *source: \(.*postgres-wal.*\)$/\1/p' | head -1)"
chmod 700 data/api data/api-next data/postgres data/redis backups
owned=(data/api:10001:10001 data/api/feedback:10001:10001 data/api-next:10001:10001 data/models:10001:10001 data/scratch:10001:10001 backups:10001:10001
  data/caddy/data:10001:10001 data/caddy/config:10001:10001 data/prometheus:65534:65534 data/alertmanager:65534:65534 data/grafana:472:0)
mounts=() commands=
for entry in "${owned[@]}"; do
  folder=${entry%%:*} owner=${entry#*:}
  [[ $(stat -c %u:%g "$folder") == "$owner" ]] && continue
  mounts+=(--volume "$PWD/$folder:/folders/$folder")
  commands+="chown -R $owner /folders/$folder; "
done
# By a container: whoever may use Docker need not be root.
if ((${#mounts[@]})); then
  docker run --rm --network none --user 0:0 --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE "${mounts[@]}" "$image:next" sh -ec "$commands"
fi

run_new() { compose run --rm --no-deps -T "$@"; }
secrets_written=$(run_new --user "$(id -u):$(id -g)" --volume "$PWD/secrets:/secrets" api-next rag deployment --secrets /secrets 2>"data/.deploy.err") ||
  { cat data/.deploy.err >&2; fail "The settings in .env cannot be used; nothing was changed." "Correct what is named above and deploy again."; }
rm -f data/.deploy.err
printf '%s\n' "$secrets_written" | sed 's/^/deploy: /'

# ── Stores ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
container() { compose ps -aq "$1" 2>/dev/null | head -1; }
state() { # of a service's container: "running healthy", "exited ", "" where there is none
  local id
  id=$(container "$1")
  [[ -z $id ]] || docker inspect -f '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' "$id"
}
await_healthy() { # service, seconds: 0 healthy, 1 ended or unhealthy, 2 not yet
  local until=$((SECONDS + $2))
  while :; do
    case $(state "$1") in
      "running healthy") return 0 ;;
      "running unhealthy" | exited* | dead* | restarting* | "") return 1 ;;
    esac
    ((SECONDS < until)) || return 2
    sleep 0.5
  done
}
last_words() { compose logs --no-log-prefix --tail=20 "$1" 2>&1 | sed 's/^/deploy:   | /' >&2; }

say "starting postgres, redis and chroma"
compose up -d --no-deps chroma postgres redis 2>&1 | sed 's/^/deploy:   /'
if grep -q 'wrote redis_auth' <<<"$secrets_written"; then compose restart redis >/dev/null 2>&1; fi
for store in postgres redis; do
  await_healthy "$store" 180 || { last_words "$store"; fail "$store does not start." "The server that runs, if one does, goes on. Its last lines stand above."; }
done
# The role's password is what the secret says now.
compose exec -T postgres psql --quiet -v ON_ERROR_STOP=1 -U postgres -d rag -f /deploy/set-password.sql ||
  fail "The password of PostgreSQL's role could not be set." "docker compose -f $FILE logs postgres"

# ── What a deploy that was cut short has left ────────────────────────────────────────────────────────────────────────────────────────
start_api() { # from the image `current`; 0 when it is ready
  compose up -d --no-deps --force-recreate api >/dev/null 2>&1 && await_healthy api "$READY_SECONDS"
}
remove_next() { { compose stop api-next && compose rm -f api-next; } >/dev/null 2>&1 || true; }
if [[ $(state api-next) == running* ]]; then
  say "an earlier deploy was cut short; bringing the server back first"
  if [[ $(state api) != "running healthy" ]]; then
    start_api || { last_words api; fail "The server of that deploy does not become ready; api-next goes on serving." "Look at the lines above, then deploy again."; }
    sleep "$NOTICE_SECONDS"
  fi
fi
remove_next

# ── Schema ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
is_serving() { [[ $(state api) == running* ]]; }
schema=$(run_new api-next rag migrate --check) ||
  fail "The database cannot be used by this version; nothing was changed." \
    "Deploy the version that wrote it, or go back with a backup from before: ./scripts/restore.sh --list"
pending=$(sed 1d <<<"$schema") schema=${schema%%$'\n'*}
if [[ -n $pending ]] && is_serving && [[ $wants_backup == yes ]] && wanted backup; then
  say "taking a backup before the schema changes"
  ./scripts/backup.sh || fail "There is no backup; nothing was changed." "See to the backup, or deploy with --no-backup."
fi
migrate() {
  [[ -n $pending ]] || return 0
  run_new api-next rag migrate | sed 's/^/deploy: /' || return 1
}

# ── Hand-over ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
front() { # caddy with the configuration of this version; the same one is no work
  compose up -d --no-deps caddy >/dev/null 2>&1 && await_healthy caddy 60 && compose exec -T caddy caddy reload --config /etc/caddy/Caddyfile 2>/dev/null
}
back_to_previous() { # the image that served before
  docker image inspect "$image:previous" >/dev/null 2>&1 || return 1
  docker tag "$image:previous" "$image:current"
  start_api
}
keep_previous() { if docker image inspect "$image:current" >/dev/null 2>&1; then docker tag "$image:current" "$image:previous"; fi; }

if is_serving && [[ $schema != incompatible ]]; then
  migrate || fail "The schema could not be changed, and is as it was; the running version goes on." "The lines above say why."
  front || fail "caddy does not take its configuration; the running version goes on." "docker compose -f $FILE logs caddy --tail=20"
  say "starting the new version beside the running one"
  compose up -d --no-deps --force-recreate api-next >/dev/null 2>&1 || true
  if ! await_healthy api-next "$READY_SECONDS"; then
    last_words api-next
    remove_next
    docker rmi "$image:next" >/dev/null 2>&1 || true
    fail "The new version does not become ready. It is removed; the running version was never interrupted." \
      "Its last lines stand above. Correct what they name, or go back to a commit that works, and deploy again."
  fi
  sleep "$NOTICE_SECONDS"
  say "the new version is ready; it takes over from the running one, which ends its requests first"
  keep_previous
  docker tag "$image:next" "$image:current"
  compose stop api >/dev/null 2>&1
  if ! start_api; then
    last_words api
    say "the new version serves from api-next but does not start as api; going back"
    if back_to_previous; then
      sleep "$NOTICE_SECONDS"
      remove_next
      fail "The new version did not start for good; the one before serves again, without a pause." "The lines above say why."
    fi
    fail "Neither version starts as api; the new one goes on serving from api-next." "docker compose -f $FILE logs api --tail=50, then deploy again."
  fi
  sleep "$NOTICE_SECONDS"
  remove_next
else
  if is_serving; then
    say "the schema changes in a way that the running version cannot live with: it is stopped meanwhile, and requests wait"
    compose stop api >/dev/null 2>&1
  fi
  if ! migrate; then
    compose start api >/dev/null 2>&1 || true
    fail "The schema could not be changed, and is as it was; the version before serves again, if one did." "The lines above say why."
  fi
  keep_previous
  docker tag "$image:next" "$image:current"
  say "starting the server"
  code=0
  start_api || code=$?
  front || fail "caddy does not start." "docker compose -f $FILE logs caddy --tail=20"
  if ((code == 1)); then
    last_words api
    if [[ $schema == incompatible ]]; then
      fail "The new version does not become ready, and the one before cannot use the database any more." \
        "Correct what the lines above name and deploy again, or go back: git checkout the version before, ./scripts/restore.sh --list"
    fi
    if back_to_previous; then fail "The new version does not become ready; the one before serves again." "The lines above say why."; fi
    fail "The server does not become ready." "Its last lines stand above. Correct what they name and deploy again."
  fi
  if ((code == 2)); then
    fail "The server is not ready after $READY_SECONDS s. It was left running: a first start reads all documents before." \
      "Follow it: docker compose -f $FILE logs api --follow; curl http://localhost:$(setting LOCAL_PORT)/health/detailed"
  fi
fi

# ── Everything else ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
others=()
for service in backup alertmanager prometheus grafana; do if wanted "$service"; then others+=("$service"); fi; done
if wanted backup; then docker tag "$image-backup:next" "$image-backup:current"; fi
if ((${#others[@]})); then
  say "starting ${others[*]}"
  compose up -d --no-deps "${others[@]}" 2>&1 | sed 's/^/deploy:   /'
  for service in prometheus alertmanager; do
    # What has only changed in a mounted file is read again.
    if wanted "$service"; then compose kill -s SIGHUP "$service" >/dev/null 2>&1 || true; fi
  done
fi

local_port=$(compose port caddy 8000 | sed 's/.*://')
answer=
reached=no
for _ in $(seq 20); do
  if answer=$(curl -fsS --max-time 5 "http://127.0.0.1:$local_port/health/ready" 2>&1); then
    reached=yes
    break
  fi
  sleep 0.5
done
[[ $reached == yes ]] ||
  fail "The server is ready, but not to be reached through caddy: $answer" "docker compose -f $FILE logs caddy --tail=20"

printf '%s %s %s\n' "$(date -u +%FT%TZ)" "$version" "$(docker image inspect -f '{{.Id}}' "$image:current")" >>data/deployments.log
# Images of versions before the last few go; what runs is never removed.
docker images "$image" --format '{{.CreatedAt}}\t{{.Tag}}' | sort -r | cut -f2 | grep -vE '^(current|previous|next)$' |
  tail -n "+$((KEPT_VERSIONS + 1))" | while read -r tag; do docker rmi "$image:$tag" >/dev/null 2>&1 || true; done
say "$version serves, $SECONDS s after the start. To look: docker compose -f $FILE ps; curl http://localhost:$local_port/health/detailed"
