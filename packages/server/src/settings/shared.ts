/** The settings that every runtime reads, a server as well as a worker. */
import type { PreviousSecrets } from "../security/secret-overlap.ts";
import { integer, list, moment, oneOf, optional, optionalUrl, origins, type Parsed, text, url } from "./kinds.ts";

export const CORS_ORIGINS = origins(
  "Other origins whose pages may use the API from a browser, such as `https://app.example.org`, separated by commas.",
  "none",
);

export const CREDENTIAL_SETTINGS = {
  API_KEY: optional("Key for chat, search, sessions, feedback and reading documents (`X-API-Key`).", "created at the first start", true),
  SECRET_KEY: optional("Secret that signs access tokens (HS256).", "created at the first start", true),
  API_KEY_PREVIOUS: optional("The `API_KEY` before, good until `PREVIOUS_SECRETS_UNTIL`.", "none", true),
  SECRET_KEY_PREVIOUS: optional(
    "The `SECRET_KEY` before; tokens that it signed are good until `PREVIOUS_SECRETS_UNTIL`, and no longer than they were to be.",
    "none",
    true,
  ),
  PREVIOUS_SECRETS_UNTIL: moment(
    "End of the time in which the secrets before are good, in UTC as `2030-01-31T12:00:00Z`; unset or past: they are not.",
    "none",
  ),
  ADMIN_PASSWORD: optional("Password of the user `admin`.", "created at the first start", true),
  ACCESS_TOKEN_MINUTES: integer("Lifetime of an access token, in minutes.", 30, 1, 1440),
};

export const LOG_LEVEL = oneOf("Least severe level that is logged.", ["info", "debug", "warn", "error", "silent"]);

export const CACHE_SIMILAR = oneOf(
  "Whether a cached answer is also given to a question that differs in politeness and articles alone (`fillers`); looser likeness joins questions that differ.",
  ["off", "fillers"],
);

export const LANGUAGE_MODEL_SETTINGS = {
  GROQ_API_KEY: optional("Lets a Groq model write the answers.", "none: the extractive answerer quotes your documents", true),
  GROQ_BASE_URL: url("Address of the Groq API or of a proxy in front of it.", "https://api.groq.com/openai/v1"),
  GROQ_MODEL: text("Model asked at Groq.", "llama-3.3-70b-versatile"),
  GROQ_FALLBACK_MODELS: list("Models asked at Groq when the one before is away, in this order, separated by commas.", "none"),
  LLM_BASE_URL: optionalUrl("Any other OpenAI-compatible API, such as a local one; takes precedence over Groq.", "none"),
  LLM_API_KEY: optional("Key for `LLM_BASE_URL`, if it wants one.", "none", true),
  LLM_MODEL: optional("Model asked at `LLM_BASE_URL`; required with it.", "none"),
  LLM_FALLBACK_MODELS: list("Models asked at `LLM_BASE_URL` when the one before is away, in this order, separated by commas.", "none"),
  LLM_FALLBACK: oneOf("What happens when the model is away: an error (503), or an extractive answer marked `degraded`.", ["none", "extractive"]),
  LLM_REQUESTS_PER_MINUTE: integer("Calls to the model per minute at most.", 28, 1, 100_000),
  LLM_TOKENS_PER_MINUTE: integer(
    "Tokens per minute at most, of prompts and answers together; 0: not counted. Groq's free tier allows `llama-3.3-70b-versatile` 12000.",
    0,
    0,
    1_000_000_000,
  ),
  LLM_BUDGET_WAIT_MS: integer("How long a question may wait for the model's budget, in milliseconds; 0: it is refused at once.", 5_000, 0, 30_000),
  LLM_BUDGET_QUEUE: integer("Questions that may wait for the model's budget at the same time, in each server.", 20, 0, 10_000),
  LLM_MAX_TOKENS: integer("Tokens of one model answer at most.", 1_024, 16, 32_768),
  LLM_FIRST_BYTE_TIMEOUT_MS: integer("How long the model may take to begin, in milliseconds.", 15_000, 100, 600_000),
  LLM_IDLE_TIMEOUT_MS: integer("How long the model may pause within an answer, in milliseconds.", 10_000, 100, 600_000),
  LLM_TOTAL_TIMEOUT_MS: integer("How long one model answer may take, in milliseconds.", 60_000, 100, 600_000),
};

export type LanguageModelConfig = Parsed<typeof LANGUAGE_MODEL_SETTINGS>;

export const REQUEST_SETTINGS = {
  MAX_BODY_BYTES: integer("Size of a request body at most, in bytes.", 1_048_576, 1_024, 104_857_600),
  MAX_QUESTION_CHARS: integer("Length of a question at most, in characters.", 2_000, 10, 100_000),
  MAX_JSON_DEPTH: integer("Nesting of a JSON body at most.", 32, 2, 1_000),
};

export const SESSION_SETTINGS = {
  SESSION_MAX_TURNS: integer("Turns kept in a session; the oldest go first.", 50, 1, 10_000),
  SESSION_MAX_CHARS: integer("Characters kept in a session; the oldest turns go first.", 100_000, 1_000, 10_000_000),
  SESSIONS_PER_PRINCIPAL: integer("Sessions kept for one key or user; the oldest go first.", 1_000, 1, 1_000_000),
};

export type CredentialConfig = Parsed<typeof CREDENTIAL_SETTINGS>;

/** The secrets before the last rotation, as they are configured. */
export function previousSecretsOf(
  config: Pick<CredentialConfig, "API_KEY_PREVIOUS" | "SECRET_KEY_PREVIOUS" | "PREVIOUS_SECRETS_UNTIL">,
): PreviousSecrets {
  const { API_KEY_PREVIOUS, SECRET_KEY_PREVIOUS, PREVIOUS_SECRETS_UNTIL } = config;
  return {
    values: {
      ...(API_KEY_PREVIOUS === undefined ? {} : { API_KEY: API_KEY_PREVIOUS }),
      ...(SECRET_KEY_PREVIOUS === undefined ? {} : { SECRET_KEY: SECRET_KEY_PREVIOUS }),
    },
    untilMs: PREVIOUS_SECRETS_UNTIL,
  };
}

/** What the settings of the language model lack of each other; undefined when nothing. */
export function languageModelProblem({ LLM_BASE_URL, LLM_MODEL }: LanguageModelConfig): string | undefined {
  return LLM_BASE_URL !== undefined && LLM_MODEL === undefined ? "LLM_MODEL is missing; LLM_BASE_URL needs it" : undefined;
}
