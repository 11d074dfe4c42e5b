#!/usr/bin/env bash
# A tour of the REST API with curl, against a running server with the sample documents.
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

# admin_request <path> [curl option…]: as the administrator, with the access token.
admin_request() {
  local path="$1"
  shift
  curl --silent --show-error --fail-with-body --header @<(printf 'Authorization: Bearer %s\n' "$token") "$@" "$base_url$path"
}

# pretty: JSON from standard input, indented.
pretty() {
  node -e 'console.log(JSON.stringify(JSON.parse(require("node:fs").readFileSync(0, "utf8")), null, 2))'
}

# field <name>: one top-level field of the JSON on standard input.
field() {
  node -e 'console.log(JSON.parse(require("node:fs").readFileSync(0, "utf8"))[process.argv[1]])' "$1"
}

heading "Health: is it ready, and what is in use?"
request /health | pretty
request /health/detailed | pretty

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

heading "Token: the administrator logs in"
token="$(
  curl --silent --show-error --fail-with-body --data-urlencode username=admin \
    --data-urlencode password@<(printf '%s' "$ADMIN_PASSWORD") "$base_url/auth/token" | field access_token
)"
printf 'a token of %d characters\n' "${#token}"

heading "Ingest: read the documents folder again, and follow the job"
job_id="$(admin_request /ingest --request POST | field id)"
admin_request "/ingest/$job_id" --no-buffer --header 'Accept: text/event-stream'

heading "Upload: a file becomes a document, and can be asked about"
upload="$(printf '# The weather vane\n\nThe weather vane is a copper herring, made by Ida Holm in 1964.\n' |
  admin_request '/documents?path=tour/weather-vane.md' --data-binary @- --header 'Content-Type: text/markdown')"
pretty <<<"$upload"
admin_request "/ingest/$(field jobId <<<"$upload")" --no-buffer --header 'Accept: text/event-stream'
ask_json /chat '{"question":"Who made the weather vane?"}' | pretty

heading "Delete: the upload and its document are gone"
admin_request "/documents/$(field documentId <<<"$upload")" --request DELETE | pretty

heading "Documents: a page of the list, then one with its stored text, then the figures"
documents="$(request '/documents?pathPrefix=handbook/&limit=3')"
pretty <<<"$documents"
document_id="$(node -e 'console.log(JSON.parse(require("node:fs").readFileSync(0, "utf8")).documents[0].id)' <<<"$documents")"
request "/documents/$document_id" | pretty
admin_request /admin/stats | pretty
