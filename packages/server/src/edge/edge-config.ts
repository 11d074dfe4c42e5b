/** The configuration of a worker: the names that a server has too, out of the environment that the worker is given. */
import { ConfigError } from "../settings/config-error.ts";
import { type Environment, optionalUrl, type Parsed, parseSettings, text } from "../settings/kinds.ts";
import { secretProblem } from "../settings/secret-problem.ts";
import {
  CACHE_SIMILAR,
  CORS_ORIGINS,
  CREDENTIAL_SETTINGS,
  LANGUAGE_MODEL_SETTINGS,
  LOG_LEVEL,
  languageModelProblem,
  REQUEST_SETTINGS,
  SESSION_SETTINGS,
} from "../settings/shared.ts";

const SETTINGS = {
  CORS_ORIGINS,
  ...CREDENTIAL_SETTINGS,
  LOG_LEVEL,
  CACHE_SIMILAR,
  ...LANGUAGE_MODEL_SETTINGS,
  ...REQUEST_SETTINGS,
  ...SESSION_SETTINGS,
  SNAPSHOT_KEY: text("Key of the snapshot in the bucket or namespace bound as `SNAPSHOT`.", "knowledge.bin"),
  SNAPSHOT_URL: optionalUrl("Where the snapshot is fetched when nothing is bound as `SNAPSHOT`.", "none"),
};

/** Settings of a server that would change its answers or keep something, and that a worker has nothing for. */
const OF_SERVERS_ALONE = ["DATABASE_URL", "REDIS_URL", "REDIS_CACHE_URL", "CHROMA_URL", "EMBEDDING_MODEL", "RERANKER_MODEL", "DOCS_DIR"];

/** What the configured administrator logs in with. */
export interface AdminSecrets {
  readonly password: string;
  readonly secretKey: string;
  readonly secretKeyPrevious: string | undefined;
}

export interface EdgeConfig extends Omit<Parsed<typeof SETTINGS>, "API_KEY" | "SECRET_KEY" | "ADMIN_PASSWORD"> {
  readonly API_KEY: string;
  /** Undefined: nobody can log in. */
  readonly admin: AdminSecrets | undefined;
}

/**
 * @param bindings what the platform hands to a worker; all but texts, numbers and booleans is left alone.
 * @throws {ConfigError} naming everything that is wrong. Secrets are held to what a server in production wants of them.
 */
export function readEdgeConfig(bindings: Readonly<Record<string, unknown>>): EdgeConfig {
  const problems: string[] = [];
  const environment = variablesOf(bindings);
  const { API_KEY, SECRET_KEY, ADMIN_PASSWORD, ...config } = parseSettings(SETTINGS, environment, problems);
  const wantsAdmin = SECRET_KEY !== undefined || ADMIN_PASSWORD !== undefined;
  const { API_KEY_PREVIOUS, SECRET_KEY_PREVIOUS } = config;
  const secrets = {
    API_KEY,
    ...(wantsAdmin && { SECRET_KEY, ADMIN_PASSWORD }),
    ...(API_KEY_PREVIOUS !== undefined && { API_KEY_PREVIOUS }),
    ...(SECRET_KEY_PREVIOUS !== undefined && { SECRET_KEY_PREVIOUS }),
  };
  for (const [name, value] of Object.entries(secrets)) {
    const problem = secretProblem(name, value);
    if (problem !== undefined) problems.push(problem);
  }
  const modelProblem = languageModelProblem(config);
  if (modelProblem !== undefined) problems.push(modelProblem);
  for (const name of OF_SERVERS_ALONE) {
    if ((environment[name] ?? "") !== "") problems.push(`${name} is for servers: a worker at the edge has nothing for it; remove it here`);
  }
  if (problems.length > 0 || API_KEY === undefined) throw new ConfigError(problems);
  const admin =
    SECRET_KEY === undefined || ADMIN_PASSWORD === undefined
      ? undefined
      : { secretKey: SECRET_KEY, secretKeyPrevious: SECRET_KEY_PREVIOUS, password: ADMIN_PASSWORD };
  return { ...config, API_KEY, admin };
}

function variablesOf(bindings: Readonly<Record<string, unknown>>): Environment {
  return Object.fromEntries(
    Object.entries(bindings).flatMap(([name, value]) => {
      return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [[name, String(value)]] : [];
    }),
  );
}
