/** The settings of the stack around the server: those of `docker-compose.prod.yml`, and the secrets that its containers read as files. */
import { optional, type Parsed, text } from "./kinds.ts";
import { secretProblem } from "./secret-problem.ts";

/** Secrets of the stack. What the server itself reads, METRICS_PASSWORD among it, is in its own settings. */
export const STACK_SECRETS = {
  POSTGRES_PASSWORD: optional("Password of the server's role in PostgreSQL; letters, digits, `-` and `_`.", "none: must be set", true),
  REDIS_PASSWORD: optional("Password of Redis; letters, digits, `-` and `_`.", "none: must be set", true),
  GRAFANA_ADMIN_PASSWORD: optional("Password of `admin` in Grafana.", "none: must be set", true),
  SMTP_PASSWORD: optional("Password with which Alertmanager sends letters (`smtp_auth_password_file`).", "none", true),
};

const memory = (of: string, fallback: string) => text(`Memory that ${of} may use at most.`, fallback);
const cpus = (of: string, fallback: string) => text(`Processors that ${of} may use at most.`, fallback);
const image = (of: string, fallback: string) => text(`Image of ${of}; pin it more tightly with \`@sha256:…\`.`, fallback);

/** What stands as `${NAME:-default}` in the compose file; read by Compose alone. */
export const STACK_SETTINGS = {
  SITE_ADDRESS: text("Name under which the world reaches the server, such as `rag.example.org`: caddy fetches a certificate for it.", "localhost"),
  SITE_OPTIONS: text("A line of Caddyfile for the site, such as `tls internal` for a name that the world cannot reach.", ""),
  DOCUMENTS_FOLDER: text("Folder of this machine whose documents are read.", "./examples/documents"),
  HTTP_PORT: text("Port for HTTP, which leads to HTTPS.", "80"),
  HTTPS_PORT: text("Port for HTTPS.", "443"),
  LOCAL_PORT: text("Port of the API for this machine alone.", "8000"),
  GRAFANA_PORT: text("Port of Grafana for this machine alone.", "3000"),
  PROMETHEUS_PORT: text("Port of Prometheus for this machine alone.", "9090"),
  MAX_REQUEST_SIZE: text("Size of a request that caddy lets through; above `MAX_UPLOAD_BYTES`.", "48MB"),
  POSTGRES_WAL_FOLDER: text("Folder of PostgreSQL's write-ahead log; on another disk it survives the loss of the first.", "./data/postgres-wal"),
  ALERTMANAGER_FOLDER: text("Folder with your `alertmanager.yml`.", "./monitoring/alertmanager"),
  PROMETHEUS_RETENTION: text("How long measurements are kept.", "30d"),
  FRONT_SUBNET: text("Addresses of the network that caddy and the server share.", "172.31.240.0/24"),
  FRONT_GATEWAY: text("This machine's own address in it.", "172.31.240.1"),
  MONITORING_SUBNET: text("Addresses of the network from which metrics are read.", "172.31.241.0/24"),
  LOCAL_MODELS: text("`yes` builds an image with what `EMBEDDING_MODEL` and `RERANKER_MODEL` need, 300 MB more.", "no"),
  RAG_IMAGE: text("Name of the images that are built.", "rag-personal"),
  NODE_IMAGE: image("Node.js, from which the program itself is taken", "node:24.21.0-trixie-slim"),
  BASE_IMAGE: image("Debian, on which the server stands", "debian:trixie-slim"),
  POSTGRES_IMAGE: image("PostgreSQL", "postgres:17.6-trixie"),
  REDIS_IMAGE: image("Redis", "redis:8.2.1-trixie"),
  CHROMA_IMAGE: image("Chroma", "chromadb/chroma:1.4.4"),
  CADDY_IMAGE: image("Caddy", "caddy:2.10.2"),
  PROMETHEUS_IMAGE: image("Prometheus", "prom/prometheus:v3.5.0"),
  ALERTMANAGER_IMAGE: image("Alertmanager", "prom/alertmanager:v0.28.1"),
  GRAFANA_IMAGE: image("Grafana", "grafana/grafana:12.1.1"),
  API_MEMORY: memory("the server", "1536m"),
  API_CPUS: cpus("the server", "2"),
  BACKUP_MEMORY: memory("the backup service", "1g"),
  BACKUP_CPUS: cpus("the backup service", "1"),
  POSTGRES_MEMORY: memory("PostgreSQL", "1g"),
  POSTGRES_CPUS: cpus("PostgreSQL", "2"),
  REDIS_MEMORY: memory("Redis", "768m"),
  REDIS_CPUS: cpus("Redis", "1"),
  CHROMA_MEMORY: memory("Chroma", "1g"),
  CHROMA_CPUS: cpus("Chroma", "1"),
  CADDY_MEMORY: memory("Caddy", "256m"),
  CADDY_CPUS: cpus("Caddy", "1"),
  PROMETHEUS_MEMORY: memory("Prometheus", "512m"),
  PROMETHEUS_CPUS: cpus("Prometheus", "0.5"),
  ALERTMANAGER_MEMORY: memory("Alertmanager", "128m"),
  ALERTMANAGER_CPUS: cpus("Alertmanager", "0.25"),
  GRAFANA_MEMORY: memory("Grafana", "384m"),
  GRAFANA_CPUS: cpus("Grafana", "0.5"),
} as const;

export type StackSecrets = Parsed<typeof STACK_SECRETS>;

/** They stand in addresses and in a line of Redis' configuration, as they are. */
const PLAIN = /^[\w-]+$/;

/** What is wrong with the secrets of the stack, a sentence each. */
export function stackSecretProblems(secrets: StackSecrets): readonly string[] {
  const problems: string[] = [];
  for (const name of ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_ADMIN_PASSWORD"] as const) {
    const value = secrets[name];
    const problem = secretProblem(name, value);
    if (problem !== undefined) problems.push(problem);
    else if (name !== "GRAFANA_ADMIN_PASSWORD" && !PLAIN.test(value ?? "")) problems.push(`${name} may hold letters, digits, - and _ alone`);
  }
  return problems;
}
