#!/usr/bin/env bash
# A tour of every route of the REST API with curl, against a running server with the sample documents. It makes an API key, a user and a
# document, and ends each of them again.
#
# Usage: API_KEY=… ADMIN_PASSWORD=… [BASE_URL=http://127.0.0.1:8000] examples/curl-tour.sh
#
# Credentials go to curl through pipes (@<(…)), because arguments can be read by every user of the machine.
set -euo pipefail

base_url="${BASE_URL:-http://127.0.0.1:8000}"
: "${API_KEY:?set it to the API key that the first start printed}"
: "${ADMIN_PASSWORD:?set it to the admin password that the first start printed}"

heading() {
  printf '\n== %s\n' "$1"
}

# request <path> [curl option…]: as a client, with the API key.
request() {
  local path="$1"
  shift
  curl --silent --show-error --fail-with-body --header @<(printf 'X-API-Key: %s\n' "$API_KEY") "$@" "$base_url$path"
}

# ask_json <path> <JSON> [curl option…]: posts JSON as a client.
ask_json() {
  local path="$1" body="$2"
  shift 2
  request "$path" --header 'Content-Type: application/json' --data "$body" "$@"
}

# token_request <access token> <path> [curl option…]: as the user whose token it is.
token_request() {
  local bearer="$1" path="$2"
  shift 2
  curl --silent --show-error --fail-with-body --header @<(printf 'Authorization: Bearer %s\n' "$bearer") "$@" "$base_url$path"
}

# admin_request <path> [curl option…]: as the administrator.
admin_request() {
  token_request "$token" "$@"
}

# admin_json <path>: posts the JSON on standard input as the administrator.
admin_json() {
  admin_request "$1" --header 'Content-Type: application/json' --data @-
}

# allow_refusal <command…>: goes on when the server refuses, and shows why.
allow_refusal() {
  "$@" || printf '\n(refused: the answer says why)\n'
}

# log_in <name> <password>: an access token.
log_in() {
  curl --silent --show-error --fail-with-body --data-urlencode "username=$1" \
    --data-urlencode password@<(printf '%s' "$2") "$base_url/auth/token" | field access_token
}

# new_secret: a password that nobody guesses.
new_secret() {
  node -p 'require("node:crypto").randomBytes(18).toString("base64url")'
}

# pretty: JSON from standard input, indented.
pretty() {
  node -e 'console.log(JSON.stringify(JSON.parse(require("node:fs").readFileSync(0, "utf8")), null, 2))'
}

# field <name>: one top-level field of the JSON on standard input.
field() {
  node -e 'console.log(JSON.parse(require("node:fs").readFileSync(0, "utf8"))[process.argv[1]])' "$1"
}

heading "Reference: the document of this API, and the page that shows it"
document="$(request /openapi.json)"
printf 'OpenAPI %s with %s paths\n' "$(field openapi <<<"$document")" \
  "$(node -p 'Object.keys(JSON.parse(require("node:fs").readFileSync(0, "utf8")).paths).length' <<<"$document")"
page="$(request /docs)"
script="$(grep --only-matching 'docs/page[^"]*js' <<<"$page")"
request "/$script"

heading "Health: is it up, is it ready, and what is in use?"
request /health | pretty
request /health/live | pretty
request /health/ready | pretty
request /health/detailed | pretty
metrics="$(request /metrics)"
grep --max-count=5 '^rag_' <<<"$metrics"

heading "Chat: a cited answer"
answer="$(ask_json /chat '{"question":"When was the lamp lit for the first time?"}')"
pretty <<<"$answer"
session_id="$(field sessionId <<<"$answer")"
request_id="$(field requestId <<<"$answer")"

heading "Chat: a follow-up in the same session, streamed as server-sent events"
ask_json /chat "{\"question\":\"And who lit it?\",\"sessionId\":\"$session_id\",\"stream\":true}" --no-buffer

heading "Chat: what the documents do not hold is refused, with the passages that came closest"
ask_json /chat '{"question":"What is the boiling point of ethanol?"}' | pretty

heading "Search: retrieval alone, within one folder"
ask_json /search '{"query":"storm bread","limit":2,"filters":{"pathPrefixes":["handbook/"]}}' | pretty

heading "Sessions: the newest ones, and the turns of ours"
request '/sessions?limit=3' | pretty
request "/sessions/$session_id" | pretty

heading "Feedback on the first answer"
ask_json /feedback "{\"rating\":\"up\",\"requestId\":\"$request_id\",\"sessionId\":\"$session_id\",\"comment\":\"from the tour\"}" | pretty

heading "Sessions: ours is forgotten"
request "/sessions/$session_id" --request DELETE

heading "Token: the administrator logs in"
token="$(log_in admin "$ADMIN_PASSWORD")"
printf 'a token of %d characters\n' "${#token}"

heading "Ingest: read the documents folder again, and follow the job"
job_id="$(admin_request /ingest --request POST | field id)"
admin_request "/ingest/$job_id" --no-buffer --header 'Accept: text/event-stream'
admin_request "/ingest/$job_id" | pretty

heading "Upload: a file becomes a document, and can be asked about"
upload="$(printf '# The weather vane\n\nThe weather vane is a copper herring, made by Ida Holm in 1964.\n' |
  admin_request '/documents?path=tour/weather-vane.md' --data-binary @- --header 'Content-Type: text/markdown')"
pretty <<<"$upload"
admin_request "/ingest/$(field jobId <<<"$upload")" --no-buffer --header 'Accept: text/event-stream'
ask_json /chat '{"question":"Who made the weather vane?"}' | pretty

heading "Delete: the upload and its document are gone"
admin_request "/documents/$(field documentId <<<"$upload")" --request DELETE | pretty

heading "Documents: a page of the list, then one with its stored text"
documents="$(request '/documents?pathPrefix=handbook/&limit=3')"
pretty <<<"$documents"
document_id="$(node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).documents[0].id' <<<"$documents")"
request "/documents/$document_id" | pretty

heading "API keys: one for a single folder, which is used and then revoked"
made="$(admin_json /admin/api-keys <<<'{"name":"tour","operations":["search.run"],"pathPrefixes":["handbook/"],"requestsPerMinute":20}')"
key_id="$(field id <<<"$made")"
API_KEY="$(field key <<<"$made")" ask_json /search '{"query":"storm bread","limit":1}' | pretty
admin_request /admin/api-keys | pretty
admin_request "/admin/api-keys/$key_id" --request DELETE

heading "Users: one is made, changes the password, and is locked out"
user_name="tour-$RANDOM-$RANDOM"
password="$(new_secret)"
new_password="$(new_secret)"
user_id="$(printf '{"username":"%s","email":"tour@example.org","password":"%s"}' "$user_name" "$password" | admin_json /admin/users | field id)"
printf '{"oldPassword":"%s","newPassword":"%s"}' "$password" "$new_password" |
  token_request "$(log_in "$user_name" "$password")" /auth/password --header 'Content-Type: application/json' --data @-
printf 'a new token of %d characters\n' "$(log_in "$user_name" "$new_password" | wc -c)"
admin_request /admin/users | pretty
admin_request "/admin/users/$user_id/disable" --request POST

heading "Index: how it stands; without an embedding model or Chroma there are no vectors to build anew"
admin_request /admin/index | pretty
allow_refusal admin_request /admin/index/reindex --request POST
allow_refusal admin_request /admin/index/switch-back --request POST
allow_refusal admin_request /admin/index/previous --request DELETE
admin_request /admin/doctor | pretty
admin_request /admin/doctor/repair --request POST | pretty

heading "Snapshot: everything that answers rest on, in one file for workers at the edge"
printf '%d bytes\n' "$(admin_request /admin/snapshot | wc -c)"

heading "Administration: the figures, the circuit in front of the language model, the cache"
admin_request /admin/stats | pretty
admin_request /admin/backup --request POST | pretty
admin_request /admin/breaker/reset --request POST | pretty
admin_request /admin/cache/clear --request POST | pretty
