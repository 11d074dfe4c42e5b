/** The language model that the configuration names. */
import type { ChatModel } from "@rag-personal/core";
import { createOpenAiCompatibleChatModel } from "../adapters/openai-compatible/chat-model.ts";
import type { Config } from "../config.ts";
import { clock, timers } from "./time.ts";

export interface LanguageModel {
  readonly chat: ChatModel;
  /** What health and the banner call it. */
  readonly adapter: string;
}

/** Which model writes the answers, if any is configured. */
export function createLanguageModel(config: Config): LanguageModel | undefined {
  const { LLM_BASE_URL, LLM_MODEL, GROQ_API_KEY } = config;
  const shared = {
    fetch,
    timers,
    now: clock.now,
    firstByteTimeoutMs: config.LLM_FIRST_BYTE_TIMEOUT_MS,
    idleTimeoutMs: config.LLM_IDLE_TIMEOUT_MS,
    totalTimeoutMs: config.LLM_TOTAL_TIMEOUT_MS,
  };
  if (LLM_BASE_URL !== undefined && LLM_MODEL !== undefined) {
    const chat = createOpenAiCompatibleChatModel({ ...shared, baseUrl: LLM_BASE_URL, apiKey: config.LLM_API_KEY, model: LLM_MODEL });
    return { chat, adapter: `openai-compatible: ${LLM_MODEL}` };
  }
  if (GROQ_API_KEY === undefined) return undefined;
  const chat = createOpenAiCompatibleChatModel({ ...shared, baseUrl: config.GROQ_BASE_URL, apiKey: GROQ_API_KEY, model: config.GROQ_MODEL });
  return { chat, adapter: `groq: ${config.GROQ_MODEL}` };
}
