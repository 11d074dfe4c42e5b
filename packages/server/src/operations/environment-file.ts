/** `.env.example`: every variable that the stack understands, with its meaning. */
import { SETTINGS } from "../config.ts";
import { STACK_SECRETS, STACK_SETTINGS } from "../settings/deployment.ts";
import type { Setting } from "../settings/kinds.ts";

/** Settings that the compose file gives the server itself. */
const GIVEN_BY_COMPOSE: ReadonlySet<string> = new Set([
  "NODE_ENV",
  "PORT",
  "HOST",
  "LISTEN_FDS",
  "LISTEN_PID",
  "TRUSTED_PROXIES",
  "METRICS_ALLOW_FROM",
  "DATA_DIR",
  "DOCS_DIR",
  "MODELS_DIR",
  "DATABASE_URL",
  "BACKUP_DIR",
  "REDIS_URL",
  "REDIS_CACHE_URL",
  "CHROMA_URL",
  "SHUTDOWN_DELAY_MS",
  "SHUTDOWN_TIMEOUT_MS",
]);
/** They must be set, each to something of its own. */
const MUST_BE_SET: Readonly<Record<string, string>> = {
  ...Object.fromEntries(["API_KEY", "SECRET_KEY", "METRICS_PASSWORD", ...Object.keys(STACK_SECRETS)].map((name) => [name, "change-me"])),
  METRICS_USERNAME: "prometheus",
  SMTP_PASSWORD: "",
};

/** Every variable that `.env` may hold, for `.env.example`. */
export function describeEnvironmentFile(): string {
  const lines = (settings: Readonly<Record<string, Setting<unknown>>>, isWanted: (name: string) => boolean): string =>
    Object.entries(settings)
      .filter(([name]) => isWanted(name))
      .map(([name, { description, fallback }]) => {
        const value = MUST_BE_SET[name];
        return value === undefined || value === ""
          ? `# ${description} Default: ${fallback || "none"}.\n#${name}=`
          : `# ${description}\n${name}=${value}`;
      })
      .join("\n");
  const all = { ...STACK_SECRETS, ...SETTINGS };
  const isRequired = (name: string): boolean => Boolean(MUST_BE_SET[name]);
  return [
    '# Copy it to .env, which nobody else may read (chmod 600 .env), and set what stands under "Must be set". docs/deployment.md has a line that',
    "# does so. Nothing starts with the values of this file. Made from packages/server/src/config.ts.",
    "",
    "# ── Must be set: a secret of at least 32 bytes each, as `openssl rand -hex 32` makes them ──",
    "",
    lines(all, isRequired),
    "",
    "# ── The stack: docker-compose.prod.yml ──",
    "",
    lines({ SMTP_PASSWORD: STACK_SECRETS.SMTP_PASSWORD, ...STACK_SETTINGS }, () => true),
    "",
    "# ── The server: docs/configuration.md ──",
    "",
    lines(SETTINGS, (name) => !isRequired(name) && !GIVEN_BY_COMPOSE.has(name)),
    "",
  ].join("\n");
}
