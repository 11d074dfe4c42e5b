/** The Groq model against the contract, and what keeps its SDK quiet. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MakeChatModel } from "../../../test-support/chat-model-scene.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../../../test-support/fake-llm-server.ts";
import { chatModelContract } from "../../language-model/chat-model.contract.ts";
import { chatModelReleaseContract } from "../../language-model/chat-model-release.contract.ts";
import { createGroqChatModel, type GroqChatModelOptions } from "./chat-model.ts";

const makeModel: MakeChatModel = ({ origin, ...options }) => createGroqChatModel({ ...options, baseUrl: origin });

chatModelContract("Groq", makeModel, { url: "/openai/v1/chat/completions", maxTokensField: "max_completion_tokens" });
chatModelReleaseContract("Groq", makeModel);

describe("createGroqChatModel", () => {
  let server: FakeLlmServer;
  beforeEach(async () => {
    server = await startFakeLlmServer();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await server.close();
  });

  const ask = async (options: Partial<GroqChatModelOptions> = {}): Promise<void> => {
    const model = createGroqChatModel({
      apiKey: "a-key",
      baseUrl: new URL(server.baseUrl).origin,
      model: "m",
      fetch,
      now: () => 0,
      timers: { set: () => () => undefined },
      firstByteTimeoutMs: 1_000,
      idleTimeoutMs: 1_000,
      totalTimeoutMs: 1_000,
      ...options,
    });
    for await (const piece of model.stream([], { signal: new AbortController().signal, maxTokens: 8 })) expect(piece).not.toBe("");
  };

  it.each(["", "/", "/openai/v1", "/openai/v1/"])("takes an address that ends in %j", async (end) => {
    await ask({ baseUrl: `${new URL(server.baseUrl).origin}${end}` });
    expect(server.requests).toMatchObject([{ url: "/openai/v1/chat/completions" }]);
  });

  it("asks Groq itself unless told otherwise", async () => {
    const asked: string[] = [];
    const refusing: typeof fetch = (url) => {
      asked.push(String(url));
      return Promise.reject(new Error("no network here"));
    };
    const model = createGroqChatModel({
      apiKey: "a-key",
      model: "m",
      fetch: refusing,
      now: () => 0,
      timers: { set: () => () => undefined },
      firstByteTimeoutMs: 1_000,
      idleTimeoutMs: 1_000,
      totalTimeoutMs: 1_000,
    });
    await expect(Array.fromAsync(model.stream([], { signal: new AbortController().signal, maxTokens: 8 }))).rejects.toMatchObject({
      code: "llm_failed",
    });
    expect(asked).toEqual(["https://api.groq.com/openai/v1/chat/completions"]);
  });

  it("heeds no environment variable of the SDK, and has it print nothing", async () => {
    vi.stubEnv("GROQ_LOG", "debug");
    vi.stubEnv("GROQ_BASE_URL", "http://127.0.0.1:9/elsewhere");
    vi.stubEnv("GROQ_API_KEY", "another-key");
    vi.stubEnv("GROQ_CUSTOM_HEADERS", "x-custom: 1\nAuthorization: Bearer a-third-key");
    const methods = ["debug", "info", "log", "warn", "error"] as const;
    const printed = methods.map((method) => vi.spyOn(console, method));
    await ask();
    server.behave("sends bad JSON");
    await expect(ask()).rejects.toMatchObject({ code: "llm_failed" });
    server.behave({ status: 500 });
    await expect(ask()).rejects.toMatchObject({ code: "llm_failed" });
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
    expect(server.requests[0]?.headers).toMatchObject({ authorization: "Bearer a-key" });
    expect(server.requests[0]?.headers).not.toHaveProperty("x-custom");
  });

  it("refuses a key that no header can carry, without repeating it", async () => {
    await expect(ask({ apiKey: "secret\nkey" })).rejects.toThrow(TypeError);
    await expect(ask({ apiKey: "secret\nkey" })).rejects.not.toThrow(/secret/);
  });
});
