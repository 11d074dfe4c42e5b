/** The commands of the runbook that this product was ordered with, as they were written there, and what each must say. */

export interface OriginalCommand {
  readonly command: string;
  readonly matches: RegExp;
}

const ANYTHING = /^/;
const COMPOSE = "docker compose -f docker-compose.prod.yml";
const TOKEN = `TOKEN=$(curl -s -X POST http://localhost:8000/auth/token \\
  -H "Content-Type: application/x-www-form-urlencoded" \\
  -d "username=admin&password=$ADMIN_PASSWORD" | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;

export const originalCommands: readonly OriginalCommand[] = [
  { command: "git log --oneline", matches: /^[0-9a-f]{7}/ },
  { command: `${COMPOSE} ps`, matches: /api.*healthy/ },
  { command: `${COMPOSE} logs api --tail=50`, matches: /api-1/ },
  { command: `${COMPOSE} restart api`, matches: /Started/ },
  { command: `${COMPOSE} exec redis redis-cli -a $REDIS_PASSWORD FLUSHDB`, matches: /OK/ },
  { command: "curl http://localhost:8000/health", matches: /"status":"healthy"/ },
  { command: "curl http://localhost:8000/health/detailed", matches: /"postgres":\{"status":"healthy".*"redis":\{"status":"healthy"/ },
  { command: "curl http://localhost:8000/health/ready", matches: /ready/ },
  { command: "curl http://localhost:8000/health/live", matches: /status/ },
  { command: `${COMPOSE} run --rm api scripts/create-admin`, matches: /admin/ },
  { command: `${TOKEN}\n[ -n "$TOKEN" ]; curl -s -H "Authorization: Bearer $TOKEN" http://localhost:8000/admin/stats`, matches: /"chunks":[1-9]/ },
  { command: `${TOKEN}\ncurl -s -X POST -H "Authorization: Bearer $TOKEN" http://localhost:8000/ingest`, matches: /"id":/ },
  { command: "curl -s http://localhost:8000/metrics | grep rag_circuit_breaker_state", matches: /rag_circuit_breaker_state 0/ },
  { command: "curl -s http://localhost:8000/metrics | grep rag_circuit_breaker_transitions_total", matches: /transitions_total\{/ },
  { command: 'curl -s http://localhost:8000/metrics | grep http_requests_total | (grep status=\\"5 || true)', matches: ANYTHING },
  { command: "curl -s http://localhost:8000/metrics | grep rag_llm_latency_seconds", matches: /rag_llm_latency_seconds/ },
  { command: "curl -s http://localhost:8000/metrics | grep rag_cache_hits_total", matches: /rag_cache_hits_total\{/ },
  { command: "curl -s http://localhost:8000/metrics | grep rag_rate_limit_remaining", matches: /rag_rate_limit_remaining \d/ },
  { command: `${COMPOSE} restart redis`, matches: /Started/ },
  { command: `${COMPOSE} restart postgres\n${COMPOSE} restart api`, matches: /Started/ },
  { command: `${COMPOSE} logs redis --tail=20`, matches: /redis-1/ },
  {
    command: `${COMPOSE} stop
mv data/chroma data/chroma_backup_$(date +%Y%m%d)
mkdir data/chroma
./scripts/deploy.sh
${TOKEN}
curl -s -X POST -H "Authorization: Bearer $TOKEN" http://localhost:8000/ingest`,
    matches: /"id":/,
  },
  { command: "./scripts/backup.sh", matches: ANYTHING },
  { command: "./scripts/restore.sh --list", matches: /\d{4}-\d{2}-\d{2}T/ },
  { command: "./scripts/restore.sh --dry-run $(date -u +%F)", matches: ANYTHING },
  { command: "./scripts/restore.sh $(date -u +%F)", matches: ANYTHING },
  { command: "curl http://localhost:8000/health/detailed", matches: /"status":"healthy"/ },
  { command: `${COMPOSE} logs api --tail=20`, matches: /api-1/ },
  { command: "./scripts/deploy.sh --no-cache", matches: /serves/ },
  { command: `${COMPOSE} stop api`, matches: /Stopped/ },
  { command: `${COMPOSE} start api`, matches: /Started/ },
];
