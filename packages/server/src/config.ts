/** The configuration: every setting once, with its default and meaning. The only module that reads the environment. */
import { homedir } from "node:os";
import { join, resolve, sep } from "node:path";
import { MODEL_PRECISIONS, type ModelSource, parseModelSource } from "./model-source.ts";
import { type AddressRanges, parseAddressRanges } from "./security/address-ranges.ts";
import { BACKUP_SETTINGS } from "./settings/backups.ts";
import { ConfigError } from "./settings/config-error.ts";
import { credentialProblems } from "./settings/credential-problems.ts";
import {
  type Environment,
  integer,
  oneOf,
  optional,
  optionalUrl,
  type Parsed,
  parseSettings,
  type Setting,
  text,
  url,
  verbatim,
} from "./settings/kinds.ts";
import { secretProblem } from "./settings/secret-problem.ts";
import {
  CACHE_SIMILAR,
  CORS_ORIGINS,
  CREDENTIAL_SETTINGS,
  LANGUAGE_MODEL_SETTINGS,
  LOG_LEVEL,
  languageModelProblem,
  REQUEST_SETTINGS,
  SESSION_SETTINGS,
} from "./settings/shared.ts";

/** The corpus that comes with the program, wherever it is started from. */
export const EXAMPLE_DOCUMENTS = resolve(import.meta.dirname, "../../../examples/documents");

const optionalModel = (description: string, fallback: string): Setting<ModelSource | undefined> => ({
  description,
  fallback,
  parse: (raw) => (raw === undefined || raw === "" ? undefined : parseModelSource(raw)),
});

const addressRanges = (description: string, fallback: string): Setting<AddressRanges> => ({
  description,
  fallback,
  parse: (raw) => parseAddressRanges(raw === undefined || raw === "" ? fallback : raw),
});

/** As OpenTelemetry has them: `name=value` pairs, the value as in an address. */
const headers = (description: string, fallback: string): Setting<Readonly<Record<string, string>>> => ({
  description,
  fallback,
  secret: true,
  parse: (raw) =>
    Object.fromEntries(
      (raw ?? "").split(",").flatMap((pair) => {
        if (pair.trim() === "") return [];
        const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(pair) ?? [];
        if (name === undefined || value === undefined) throw new Error("must be pairs such as api-key=secret, separated by commas");
        try {
          return [[name, decodeURIComponent(value.trim())]];
        } catch {
          throw new Error(`has a value for ${name} that is not encoded as in an address`);
        }
      }),
    ),
});

/** All settings, in the order of the documentation. The keys are the environment variables. */
export const SETTINGS = {
  NODE_ENV: oneOf("In `production` no secret is invented and weak ones stop the start.", ["development", "production", "test"]),
  PORT: integer("Port to listen on; 0 takes a free one.", 8000, 0, 65_535),
  HOST: text("Address to listen on.", "127.0.0.1"),
  LISTEN_FDS: integer(
    "Listening sockets handed over by whoever started the server, 0 or 1; systemd and `scripts/serve.mjs` set it, and `HOST` and `PORT` then do not count.",
    0,
    0,
    1_024,
  ),
  LISTEN_PID: integer("Process number that `LISTEN_FDS` is meant for; set together with it.", 0, 0, 2_147_483_647),
  TRUSTED_PROXIES: addressRanges(
    "Addresses and ranges of the proxies in front whose `X-Forwarded-For` is believed, separated by commas, or `none`.",
    "none",
  ),
  METRICS_ALLOW_FROM: addressRanges(
    "Addresses and ranges from which `GET /metrics` needs no credential, separated by commas, or `none`.",
    "127.0.0.0/8, ::1",
  ),
  METRICS_USERNAME: optional("User who may read `GET /metrics` from anywhere, by HTTP Basic; with `METRICS_PASSWORD`.", "none"),
  METRICS_PASSWORD: optional("Password of `METRICS_USERNAME`.", "none", true),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalUrl(
    "A collector that takes traces of questions by OTLP over HTTP, as `http://host:4318`; `/v1/traces` is added.",
    "none: nothing is traced",
  ),
  OTEL_EXPORTER_OTLP_HEADERS: headers("Headers for the collector, as `name=value` separated by commas.", "none"),
  OTEL_SERVICE_NAME: text("Name of this server in traces.", "rag-personal"),
  DATA_DIR: text("Folder that holds everything the server keeps: database, secrets, lock.", "./data"),
  DOCS_DIR: optional("Folder whose documents are ingested at start and by `POST /ingest`.", "the `examples/documents` of this program"),
  CORS_ORIGINS,
  ...CREDENTIAL_SETTINGS,
  LOG_LEVEL,
  API_DOCS: oneOf("Whether `/docs` and `/openapi.json` show the API, to anybody; they hold no secret.", ["on", "off"]),
  DATABASE_URL: optional(
    "A PostgreSQL to use instead of the embedded one, as `postgres://user:password@host:5432/database`.",
    "embedded PostgreSQL in `DATA_DIR`",
    true,
  ),
  DATABASE_CONNECTIONS: integer("Connections to PostgreSQL at most, apart from one that asks whether it is alive.", 8, 1, 100),
  DATABASE_TIMEOUT_MS: integer("Deadline of one database call, in milliseconds.", 10_000, 100, 600_000),
  DATABASE_SILENCE_MS: integer(
    "How long a PostgreSQL of your own may say nothing at all while somebody waits for it, in milliseconds; then everybody is refused at once until it answers. A database far away wants more.",
    800,
    200,
    600_000,
  ),
  CHANGES_POLL_MS: integer(
    "How often the changes of other servers over the same `DATABASE_URL` are looked for, in milliseconds; they are heard of at once besides, unless a pool in between keeps that back.",
    1_000,
    100,
    60_000,
  ),
  REDIS_URL: optional(
    "A Redis for sessions, cached answers and the shared budgets of the model and of API keys, as `redis://user:password@host:6379`.",
    "none: sessions in PostgreSQL, answers cached in this process",
    true,
  ),
  REDIS_CACHE_URL: optional(
    "A Redis, or another database of the same one (`redis://host:6379/1`), for the cached answers alone, so that emptying it takes nothing else along.",
    "that of `REDIS_URL`",
    true,
  ),
  WORKER_FILES: integer("Files that one worker (`rag worker`) has in hand at a time.", 2, 1, 64),
  REDIS_TIMEOUT_MS: integer("Deadline of one call to Redis, in milliseconds.", 200, 10, 60_000),
  CHROMA_URL: optionalUrl("A Chroma server (1.x) for the vectors, as `http://host:8000`.", "none: vectors in this process"),
  CHROMA_TIMEOUT_MS: integer("Deadline of one call to Chroma, in milliseconds.", 2_000, 50, 60_000),
  CHROMA_QUERY_TIMEOUT_MS: integer("Deadline of one search in Chroma, which a question waits for, in milliseconds.", 500, 10, 60_000),
  CHROMA_AUTH_TOKEN: optional("Token that Chroma, or a proxy in front of it, wants as `x-chroma-token`.", "none", true),
  SESSION_TTL_DAYS: integer("Days after its last turn that Redis keeps a session.", 30, 1, 3_650),
  CACHE_TTL_DAYS: integer("Days that Redis keeps a cached answer.", 7, 1, 3_650),
  CACHE_SIMILAR,
  EXPECTED_REPLICAS: integer("Servers that share the budgets, reckoned with while Redis is away.", 1, 1, 1_000),
  ...LANGUAGE_MODEL_SETTINGS,
  EMBEDDING_MODEL: optionalModel(
    "A model for vectors that runs on this machine: a folder (`/models/e5-small`, `./e5-small`) or a model of the hub (`owner/name`, `owner/name@revision`).",
    "none: meaning is learnt from your documents",
  ),
  EMBEDDING_POOLING: oneOf("How the vectors of the tokens become one: their mean, or the first one. The model's card says which.", ["mean", "cls"]),
  EMBEDDING_QUERY_PREFIX: verbatim("What stands before a question for this model, such as `query: ` with its space.", "none"),
  EMBEDDING_PASSAGE_PREFIX: verbatim("What stands before a passage for this model, such as `passage: ` with its space.", "none"),
  EMBEDDING_WEIGHT: integer("Say of this model in the order of hits, beside the built-in signals, in percent.", 40, 0, 100),
  RERANKER_MODEL: optionalModel("A cross-encoder that runs on this machine and orders what was found; a folder or a model of the hub.", "none"),
  MODEL_PRECISION: oneOf(
    "How exact the numbers of local models are; each is a file of its own, and `q8` has a quarter of the size.",
    MODEL_PRECISIONS,
  ),
  MODELS_DIR: optional("Folder that keeps models fetched from the hub.", "`models` in `DATA_DIR`"),
  MODEL_HUB_URL: url("Where models of the hub are fetched, once.", "https://huggingface.co"),
  MODEL_QUEUE_TEXTS: integer("Texts that may wait for a local model, of questions and of documents each.", 4_096, 1, 1_000_000),
  MODEL_TIMEOUT_MS: integer("How long a local model may take over one batch before it is loaded anew, in milliseconds.", 30_000, 100, 600_000),
  MODEL_MAX_GROWTH_MB: integer("A local model is loaded anew when its process has grown by so much since it was loaded, in MiB.", 512, 64, 1_048_576),
  ...REQUEST_SETTINGS,
  HEADERS_TIMEOUT_MS: integer("How long a client may take to send its request headers, in milliseconds.", 10_000, 1_000, 600_000),
  REQUEST_TIMEOUT_MS: integer("How long a client may take to send a whole request, in milliseconds.", 15_000, 1_000, 600_000),
  MAX_CONNECTIONS: integer("Connections held open at most.", 1_000, 1, 100_000),
  SHUTDOWN_DELAY_MS: integer(
    "How long a stop by SIGTERM goes on taking connections while `/health/ready` says 503, in milliseconds: for what is in front to notice and send no more. SIGINT waits for nobody.",
    0,
    0,
    600_000,
  ),
  SHUTDOWN_TIMEOUT_MS: integer("How long a stop waits for requests and streams in flight, in milliseconds.", 10_000, 0, 600_000),
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
  if ((config.METRICS_USERNAME === undefined) !== (config.METRICS_PASSWORD === undefined))
    problems.push("METRICS_USERNAME and METRICS_PASSWORD belong together; set both or neither");
  else if (config.NODE_ENV === "production" && config.METRICS_PASSWORD !== undefined) {
    const problem = secretProblem("METRICS_PASSWORD", config.METRICS_PASSWORD);
    if (problem !== undefined) problems.push(problem);
  }
  const modelProblem = languageModelProblem(config);
  if (modelProblem !== undefined) problems.push(modelProblem);
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

/** What the environment tells the `rag` command about servers and credentials. */
export interface CliEnvironment {
  /** `RAG_URL`. */
  readonly address: string | undefined;
  /** Where a server with these settings listens: `HOST` and `PORT`. */
  readonly localAddress: string;
  /** `RAG_API_KEY`. */
  readonly apiKey: string | undefined;
  /** `RAG_USER`, or `admin`. */
  readonly username: string;
  /** `RAG_PASSWORD`, or the server's own `ADMIN_PASSWORD`. */
  readonly password: string | undefined;
  /** `DATA_DIR`: the server's folder, whose secrets may be readable. */
  readonly dataDir: string;
  readonly isDataDirNamed: boolean;
  /** Where profiles are kept: `rag/config.json` in `XDG_CONFIG_HOME`, or in `~/.config`. */
  readonly profilesFile: string;
}

export function readCliEnvironment(environment: Environment): CliEnvironment {
  const { RAG_URL, RAG_API_KEY, RAG_USER, RAG_PASSWORD, ADMIN_PASSWORD, DATA_DIR, HOST, PORT, XDG_CONFIG_HOME, HOME } = environment;
  return {
    address: RAG_URL || undefined,
    localAddress: `http://${HOST || SETTINGS.HOST.fallback}:${PORT || SETTINGS.PORT.fallback}`,
    apiKey: RAG_API_KEY || undefined,
    username: RAG_USER || "admin",
    password: RAG_PASSWORD || ADMIN_PASSWORD || undefined,
    dataDir: resolve(DATA_DIR || SETTINGS.DATA_DIR.fallback),
    isDataDirNamed: Boolean(DATA_DIR),
    profilesFile: join(XDG_CONFIG_HOME || join(HOME || homedir(), ".config"), "rag", "config.json"),
  };
}

/** Reads the environment of this process. */
export function readProcessCliEnvironment(): CliEnvironment {
  return readCliEnvironment(process.env);
}

/** The table of all settings as Markdown, for `docs/configuration.md`. */
export function describeSettings(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => `| \`${name}\` | ${setting.fallback} | ${setting.description} |`);
  return ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** Where programs of others, such as those of PostgreSQL, are looked for: `PATH` of this process. */
export const readSearchPath = (): string => process.env["PATH"] ?? "";
