/** The configuration: every setting once, with its default and meaning. The only module that reads the environment. */
import { join, resolve, sep } from "node:path";
import { BACKUP_SETTINGS } from "./settings/backups.ts";
import { ConfigError } from "./settings/config-error.ts";
import { credentialProblems } from "./settings/credential-problems.ts";
import { type Environment, integer, oneOf, optional, type Parsed, parseSettings, type Setting, text } from "./settings/kinds.ts";
import { CONNECTION_SETTINGS, LISTENING_SETTINGS } from "./settings/listening.ts";
import { LOCAL_MODEL_SETTINGS } from "./settings/local-models.ts";
import { MONITORING_SETTINGS, metricsProblem } from "./settings/monitoring.ts";
import {
  CORS_ORIGINS,
  CREDENTIAL_SETTINGS,
  LANGUAGE_MODEL_SETTINGS,
  LOG_LEVEL,
  languageModelProblem,
  REQUEST_SETTINGS,
  SESSION_SETTINGS,
} from "./settings/shared.ts";
import { STORE_SETTINGS } from "./settings/stores.ts";

/** The corpus that comes with the program, wherever it is started from. */
export const EXAMPLE_DOCUMENTS = resolve(import.meta.dirname, "../../../examples/documents");

/** All settings, in the order of the documentation. The keys are the environment variables. */
export const SETTINGS = {
  NODE_ENV: oneOf("In `production` no secret is invented and weak ones stop the start.", ["development", "production", "test"]),
  ...LISTENING_SETTINGS,
  ...MONITORING_SETTINGS,
  DATA_DIR: text("Folder that holds everything the server keeps: database, secrets, lock.", "./data"),
  DOCS_DIR: optional("Folder whose documents are ingested at start and by `POST /ingest`.", "the `examples/documents` of this program"),
  CORS_ORIGINS,
  ...CREDENTIAL_SETTINGS,
  LOG_LEVEL,
  API_DOCS: oneOf("Whether `/docs` and `/openapi.json` show the API, to anybody; they hold no secret.", ["on", "off"]),
  ...STORE_SETTINGS,
  ...LANGUAGE_MODEL_SETTINGS,
  ...LOCAL_MODEL_SETTINGS,
  ...REQUEST_SETTINGS,
  ...CONNECTION_SETTINGS,
  ...SESSION_SETTINGS,
  MAX_FILE_BYTES: integer("Size of a document file at most, in bytes; larger ones are set aside.", 52_428_800, 1_024, 1_073_741_824),
  MAX_UPLOAD_BYTES: integer("Size of one uploaded file at most, in bytes.", 33_554_432, 1, 1_073_741_824),
  MAX_UPLOADS_BYTES: integer(
    "Size of all uploaded files together at most, in bytes; 0: nothing can be uploaded.",
    2_147_483_648,
    0,
    1_099_511_627_776,
  ),
  MAX_FILES: integer("Files in `DOCS_DIR` at most.", 100_000, 1, 10_000_000),
  ...BACKUP_SETTINGS,
} as const satisfies Record<string, Setting<unknown>>;

type ParsedSettings = Parsed<typeof SETTINGS>;

/** The settings as the program uses them; folders are absolute. */
export type Config = Omit<ParsedSettings, "DOCS_DIR" | "MODELS_DIR" | "BACKUP_DIR"> & {
  readonly DOCS_DIR: string;
  readonly MODELS_DIR: string;
  readonly BACKUP_DIR: string;
};

/** What is needed to look after the stores, without a server and so without its secrets. */
export type OperationsConfig = Pick<
  Config,
  | "NODE_ENV"
  | "LOG_LEVEL"
  | "DATA_DIR"
  | "DATABASE_URL"
  | "DATABASE_CONNECTIONS"
  | "DATABASE_TIMEOUT_MS"
  | "DATABASE_SILENCE_MS"
  | "REDIS_URL"
  | "REDIS_CACHE_URL"
  | "REDIS_TIMEOUT_MS"
  | keyof typeof BACKUP_SETTINGS
>;

/**
 * Parses the environment.
 *
 * @throws {ConfigError} naming every setting that is wrong; in production also every secret that is missing, short or a known example.
 * @example
 * const config = readConfig(process.env);
 */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const config = parseSettings(SETTINGS, environment, problems);
  problems.push(...credentialProblems(config, { isProduction: config.NODE_ENV === "production" }));
  for (const problem of [metricsProblem(config, { isProduction: config.NODE_ENV === "production" }), languageModelProblem(config)])
    if (problem !== undefined) problems.push(problem);
  const dataDir = resolve(config.DATA_DIR);
  const docsDir = config.DOCS_DIR === undefined ? EXAMPLE_DOCUMENTS : resolve(config.DOCS_DIR);
  if (`${docsDir}${sep}`.startsWith(`${dataDir}${sep}`)) problems.push("DOCS_DIR lies in DATA_DIR, which holds secrets; choose a folder outside it");
  if (problems.length > 0) throw new ConfigError(problems);
  const modelsDir = config.MODELS_DIR === undefined ? join(dataDir, "models") : resolve(config.MODELS_DIR);
  return { ...config, DATA_DIR: dataDir, DOCS_DIR: docsDir, MODELS_DIR: modelsDir, BACKUP_DIR: backupDir(config.BACKUP_DIR, dataDir) };
}

/** Beside the data folder: whoever deletes one has the other. */
const backupDir = (given: string | undefined, dataDir: string): string => (given === undefined ? `${dataDir}-backups` : resolve(given));

/**
 * Parses what operations on the stores need; secrets of the server may be missing.
 *
 * @throws {ConfigError} naming every setting that is wrong.
 */
export function readOperationsConfig(environment: Environment): OperationsConfig {
  const problems: string[] = [];
  const config = parseSettings(SETTINGS, environment, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const dataDir = resolve(config.DATA_DIR);
  return { ...config, DATA_DIR: dataDir, BACKUP_DIR: backupDir(config.BACKUP_DIR, dataDir) };
}

/** Reads the environment of this process. */
export function readProcessOperationsConfig(): OperationsConfig {
  return readOperationsConfig(process.env);
}

/** Reads the environment of this process. */
export function readProcessConfig(): Config {
  return readConfig(process.env);
}

/** The environment of this process, for what is parsed elsewhere. */
export const processEnvironment = (): Environment => process.env;

/** What a program of others is handed that has its own settings in the environment, as rclone has: all but ours, among which are secrets. */
export const environmentOfOthers = (environment: Environment = process.env): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !Object.hasOwn(SETTINGS, name)));

/** The table of all settings as Markdown, for `docs/configuration.md`. */
export function describeSettings(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => `| \`${name}\` | ${setting.fallback} | ${setting.description} |`);
  return ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** Where programs of others, such as those of PostgreSQL, are looked for: `PATH` of this process. */
export const readSearchPath = (): string => process.env["PATH"] ?? "";
