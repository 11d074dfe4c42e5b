/** What docs/runbook.md has to hold: commands that operators of this system know by heart, and the facts that they rely on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { extractRunbook } from "./blocks.ts";

const MARKDOWN = readFileSync(join(import.meta.dirname, "../../../../docs/runbook.md"), "utf8");
const BLOCKS = extractRunbook(MARKDOWN);
const COMPOSE = "docker compose -f docker-compose.prod.yml";
const METRICS = "curl -s http://localhost:8000/metrics";

/** Each begins a line of a block. */
const COMMANDS = [
  "ssh user@server",
  "cd ~/RAG_Personal",
  "./scripts/deploy.sh",
  "./scripts/deploy.sh --no-cache",
  "git log --oneline",
  "git checkout",
  `${COMPOSE} ps`,
  `${COMPOSE} logs api --tail=50`,
  `${COMPOSE} logs api --tail=20`,
  `${COMPOSE} logs redis --tail=20`,
  `${COMPOSE} restart api`,
  `${COMPOSE} restart redis`,
  `${COMPOSE} restart postgres`,
  `${COMPOSE} stop`,
  `${COMPOSE} stop api`,
  `${COMPOSE} exec redis redis-cli -a $REDIS_PASSWORD FLUSHDB`,
  `${COMPOSE} run --rm api scripts/create-admin`,
  'export ADMIN_PASSWORD="',
  "./scripts/backup.sh",
  ".\\scripts\\sync_backups.ps1",
  "curl http://localhost:8000/health",
  "curl http://localhost:8000/health/detailed",
  "TOKEN=",
  'curl -H "Authorization: Bearer $TOKEN" http://localhost:8000/admin/stats',
  'curl -X POST -H "Authorization: Bearer $TOKEN" http://localhost:8000/ingest',
  `${METRICS} | grep rag_circuit_breaker_state`,
  `${METRICS} | grep rag_circuit_breaker_transitions_total`,
  `${METRICS} | grep http_requests_total | grep status=\\"5`,
  `${METRICS} | grep rag_llm_latency_seconds`,
  `${METRICS} | grep rag_cache_hits_total`,
  "mv data/chroma data/chroma_backup_$(date +%Y%m%d)",
  "mkdir data/chroma",
  "./scripts/restore.sh --list",
  "./scripts/restore.sh --dry-run",
  './scripts/restore.sh "$BACKUP"',
  ".\\scripts\\restore.ps1 -List",
  ".\\scripts\\restore.ps1 -Date 2025-12-24 -DryRun",
  ".\\scripts\\restore.ps1 -Date 2025-12-24",
  "openssl rand -hex 32",
  "find backups/ -type f -mtime +7 -delete",
];

/** Parts of longer commands. */
const PARTS = [
  "-X POST http://localhost:8000/auth/token",
  '-H "Content-Type: application/x-www-form-urlencoded"',
  "username=admin&password=your-secure-password",
  "rag_rate_limit_remaining",
  "X-API-Key",
  "admin@example.com",
  "FALLBACK ACTIVATED",
  "https://status.groq.com/",
  "monitoring/prometheus/alerts.yml",
  ...["/health`", "/health/detailed`", "/health/ready`", "/health/live`", "/metrics`"].map((path) => `| \`${path}`),
  ...["**CLOSED**", "**OPEN**", "**HALF_OPEN**", "5 failures in a row", "after 30 seconds", "3 successes"],
  ...["HighErrorRate", "HighLatency", "InstanceDown", "RedisDown", "PostgresDown", "LLMErrorsHigh"],
];

const SECTIONS = [
  "Quick commands",
  "Deploy an update",
  "Roll back to the version before",
  "Status of the services",
  "Restart services",
  "Clear caches",
  "Backup",
  "Check health",
  "Authentication",
  "Create the administrator",
  "Get a token",
  "Administer with it",
  "Tokens",
  "Circuit breaker",
  "Failure modes and recovery",
  "Redis",
  "Chroma",
  "Language model",
  "PostgreSQL",
  "Health monitoring",
  "What to look at",
  "Alerting",
  "Disaster recovery",
  "Restore",
  "Verify it",
  "Common issues",
  "Maintenance procedures",
  "Updating dependencies",
  "Rotating secrets",
  "Clearing old data",
  "Graceful shutdown",
];

const lines = BLOCKS.flatMap(({ script }) => script.split("\n"));
const headings = [...MARKDOWN.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title);

describe("docs/runbook.md", () => {
  it.each(COMMANDS)("has the command %s", (command) => {
    expect(lines.filter((line) => line.startsWith(command)).length).toBeGreaterThan(0);
  });

  it.each(PARTS)("tells of %s", (part) => {
    expect(MARKDOWN).toContain(part);
  });

  it("has every section", () => {
    expect(SECTIONS.filter((title) => !headings.includes(title))).toEqual([]);
  });

  it("leads nowhere that is not there", () => {
    const anchors = new Set(
      headings.map((title) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, "")
          .replaceAll(" ", "-"),
      ),
    );
    const wanted = [...MARKDOWN.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor = ""]) => anchor);
    expect(wanted.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });

  it("leaves few commands to people", () => {
    const byHand = BLOCKS.flatMap(({ runs, script }) => ("byHand" in runs ? [script.split("\n")[0]] : []));
    expect(byHand).toEqual([
      "ssh user@server",
      ".\\scripts\\sync_backups.ps1",
      ".\\scripts\\restore.ps1 -List",
      'node scripts/run.mjs "pnpm update --recursive --latest"',
      "find backups/ -type f -mtime +7 -delete",
    ]);
  });
});
