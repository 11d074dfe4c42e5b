/** A chat model under test and the server it asks. */
import { inspect } from "node:util";
import { type ChatModel, RagError } from "@rag-personal/core";
import { expect } from "vitest";
import type { ChatModelSettings } from "../src/language-model/streaming-chat-model.ts";
import type { FakeLlmMode } from "./fake-llm-modes.ts";
import { type FakeLlmServer, startFakeLlmServer } from "./fake-llm-server.ts";

/** What the model under test is created with. */
export interface SceneModelOptions extends ChatModelSettings {
  /** `http://host:port`. */
  readonly origin: string;
  readonly apiKey: string;
}

export type MakeChatModel = (options: SceneModelOptions) => ChatModel;

export interface ChatModelScene {
  readonly server: FakeLlmServer;
  /** A model that asks the server, with patient deadlines unless told otherwise. */
  modelWith(options?: Partial<SceneModelOptions>): ChatModel;
  /** The error of one completion, which tells a client nothing internal and the log no key, and was not tried again. */
  failureOf(mode: FakeLlmMode, options?: Partial<SceneModelOptions>): Promise<unknown>;
}

/** What the clock of the model under test reads, in milliseconds since the epoch. */
const NOW = Date.UTC(2026, 0, 1);
export const API_KEY = "key-that-stays-secret";
/** What a client reads of a model that failed. */
export const FAILED = "The language model failed to answer. Try again later.";
const MAY_BE_SHOWN: readonly string[] = [
  FAILED,
  "The language model took too long. Try again later.",
  "The language model's rate limit is reached. Try again later.",
];

/** Runs one completion to its end. */
export async function complete(model: ChatModel, signal = new AbortController().signal): Promise<{ text: string; error: unknown }> {
  let text = "";
  try {
    for await (const piece of model.stream([{ role: "user", content: "Where is the owl?" }], { signal, maxTokens: 64 })) text += piece;
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

/** Starts a server that behaves well. */
export async function startChatModelScene(makeModel: MakeChatModel): Promise<ChatModelScene> {
  const server = await startFakeLlmServer();
  const modelWith = (options: Partial<SceneModelOptions> = {}): ChatModel =>
    makeModel({
      origin: new URL(server.baseUrl).origin,
      apiKey: API_KEY,
      model: "test-model",
      fetch,
      now: () => NOW,
      timers: {
        set(delayMs, fn) {
          const timer = setTimeout(fn, delayMs);
          return () => clearTimeout(timer);
        },
      },
      firstByteTimeoutMs: 5_000,
      idleTimeoutMs: 5_000,
      totalTimeoutMs: 10_000,
      ...options,
    });
  return {
    server,
    modelWith,
    async failureOf(mode, options) {
      server.behave(mode);
      const { error } = await complete(modelWith(options));
      expect(error).toBeInstanceOf(RagError);
      expect(MAY_BE_SHOWN).toContain(error instanceof RagError ? error.message : undefined);
      expect(inspect(error, { depth: null })).not.toContain(API_KEY);
      expect(server.requests).toHaveLength(1);
      return error;
    },
  };
}
