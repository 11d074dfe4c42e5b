/** The language model that the configuration names, with those that stand in for it. */
import { type ChatModel, createCircuitBreaker, createFallbackChatModel } from "@rag-personal/core";
import { createGroqChatModel } from "../adapters/groq/chat-model.ts";
import { createOpenAiCompatibleChatModel } from "../adapters/openai-compatible/chat-model.ts";
import type { Log } from "../log.ts";
import type { LanguageModelConfig } from "../settings/shared.ts";
import { clock, timers } from "./time.ts";

export interface LanguageModel {
  readonly chat: ChatModel;
  /** What health and the banner call it. */
  readonly adapter: string;
}

/** Which model writes the answers, if any is configured. @param fetchLike how requests are made. */
export function createLanguageModel(config: LanguageModelConfig, log: Log, fetchLike: typeof fetch = fetch): LanguageModel | undefined {
  const { LLM_BASE_URL, LLM_MODEL, GROQ_API_KEY } = config;
  const shared = {
    fetch: fetchLike,
    timers,
    now: clock.now,
    firstByteTimeoutMs: config.LLM_FIRST_BYTE_TIMEOUT_MS,
    idleTimeoutMs: config.LLM_IDLE_TIMEOUT_MS,
    totalTimeoutMs: config.LLM_TOTAL_TIMEOUT_MS,
  };
  if (LLM_BASE_URL !== undefined && LLM_MODEL !== undefined) {
    const create = (model: string): ChatModel =>
      createOpenAiCompatibleChatModel({
        ...shared,
        baseUrl: LLM_BASE_URL,
        apiKey: config.LLM_API_KEY,
        model,
        asksForUsage: config.LLM_TOKENS_PER_MINUTE > 0,
      });
    return describe("openai-compatible", [LLM_MODEL, ...config.LLM_FALLBACK_MODELS].map(create), log);
  }
  if (GROQ_API_KEY === undefined) return undefined;
  const create = (model: string): ChatModel => createGroqChatModel({ ...shared, baseUrl: config.GROQ_BASE_URL, apiKey: GROQ_API_KEY, model });
  return describe("groq", [config.GROQ_MODEL, ...config.GROQ_FALLBACK_MODELS].map(create), log);
}

function describe(provider: string, models: readonly ChatModel[], log: Log): LanguageModel {
  const [only, ...others] = models;
  if (only !== undefined && others.length === 0) return { chat: only, adapter: `${provider}: ${only.name}` };
  const chat = createFallbackChatModel({
    models: models.map((model) => ({ chat: model, breaker: createCircuitBreaker({ clock }) })),
    onFallback: ({ from, to, error }) => log.warn({ from, to, err: error }, "another language model is asked"),
  });
  return { chat, adapter: `${provider}: ${chat.name}` };
}
