/** The OpenAI-compatible model against the contract, and what is its own. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MakeChatModel } from "../../../test-support/chat-model-scene.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../../../test-support/fake-llm-server.ts";
import { chatModelContract } from "../../language-model/chat-model.contract.ts";
import { chatModelReleaseContract } from "../../language-model/chat-model-release.contract.ts";
import { createOpenAiCompatibleChatModel } from "./chat-model.ts";

const makeModel: MakeChatModel = ({ origin, ...options }) => createOpenAiCompatibleChatModel({ ...options, baseUrl: `${origin}/v1` });

chatModelContract("an OpenAI-compatible server", makeModel, { url: "/v1/chat/completions", maxTokensField: "max_tokens" });
chatModelReleaseContract("an OpenAI-compatible server", makeModel);

describe("createOpenAiCompatibleChatModel", () => {
  let server: FakeLlmServer;
  beforeEach(async () => {
    server = await startFakeLlmServer();
  });
  afterEach(() => server.close());

  const settings = {
    model: "m",
    fetch,
    now: () => 0,
    timers: { set: () => () => undefined },
    firstByteTimeoutMs: 1_000,
    idleTimeoutMs: 1_000,
    totalTimeoutMs: 1_000,
  };

  it("takes an address with a slash at its end, and sends no authorisation without a key", async () => {
    const model = createOpenAiCompatibleChatModel({ ...settings, baseUrl: `${server.baseUrl}/` });
    for await (const piece of model.stream([], { signal: new AbortController().signal, maxTokens: 8 })) expect(piece).not.toBe("");
    expect(server.requests).toMatchObject([{ url: "/v1/chat/completions" }]);
    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
  });

  it("asks for the tokens of each call only when told to", async () => {
    for (const asksForUsage of [false, true]) {
      const model = createOpenAiCompatibleChatModel({ ...settings, baseUrl: server.baseUrl, asksForUsage });
      for await (const piece of model.stream([], { signal: new AbortController().signal, maxTokens: 8 })) expect(piece).not.toBe("");
    }
    expect(server.requests[0]?.body).not.toHaveProperty("stream_options");
    expect(server.requests[1]?.body).toHaveProperty("stream_options", { include_usage: true });
  });

  it("refuses a key that no header can carry, without repeating it", () => {
    const create = () => createOpenAiCompatibleChatModel({ ...settings, baseUrl: server.baseUrl, apiKey: "secret\nkey" });
    expect(create).toThrow(TypeError);
    expect(create).not.toThrow(/secret/);
  });
});
