/** The chat model against a server that misbehaves over real sockets. */
import { type ChatModel, RagError } from "@rag-personal/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeLlmMode, type FakeLlmServer, startFakeLlmServer } from "../../../test-support/fake-llm-server.ts";
import { createOpenAiCompatibleChatModel, type OpenAiCompatibleChatModelOptions } from "./chat-model.ts";

let server: FakeLlmServer;
beforeEach(async () => {
  server = await startFakeLlmServer();
});
afterEach(() => server.close());

const NOW = Date.UTC(2026, 0, 1);

function modelWith(options: Partial<OpenAiCompatibleChatModelOptions> = {}): ChatModel {
  return createOpenAiCompatibleChatModel({
    baseUrl: server.baseUrl,
    apiKey: "a-key",
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
}

/** Time-outs short enough to be waited for. */
const IMPATIENT = { firstByteTimeoutMs: 150, idleTimeoutMs: 150, totalTimeoutMs: 400 };

/** Runs one completion to its end. */
async function complete(model: ChatModel, signal = new AbortController().signal): Promise<{ text: string; error: unknown }> {
  let text = "";
  try {
    for await (const piece of model.stream([{ role: "user", content: "Where is the owl?" }], { signal, maxTokens: 64 })) text += piece;
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

describe("a server that answers", () => {
  it.each<FakeLlmMode>([
    "answers",
    "answers with a byte per write",
    "answers without [DONE]",
    "answers and resets after finishing",
    "answers and keeps the connection open",
    "stops at the token limit",
  ])("gives the whole text when it %s", async (mode) => {
    server.behave(mode);
    expect(await complete(modelWith())).toEqual({ text: server.words.join(""), error: undefined });
  });

  it("hands over each piece as it comes", async () => {
    const pieces: string[] = [];
    for await (const piece of modelWith().stream([], { signal: new AbortController().signal, maxTokens: 8 })) pieces.push(piece);
    expect(pieces).toEqual(server.words);
  });

  it("is asked in the form of the API", async () => {
    await complete(modelWith({ baseUrl: `${server.baseUrl}/` }));
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      url: "/v1/chat/completions",
      headers: { authorization: "Bearer a-key", "content-type": "application/json" },
      body: { model: "test-model", stream: true, max_tokens: 64, temperature: 0, messages: [{ role: "user", content: "Where is the owl?" }] },
    });
  });

  it("gets no authorisation header when there is no key", async () => {
    await complete(modelWith({ apiKey: undefined }));
    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
  });
});

describe("a server that fails", () => {
  it.each<FakeLlmMode>([
    "cuts the body",
    "resets mid-answer",
    "ends without finish_reason",
    "says [DONE] without finish_reason",
    "finishes without text",
    "is stopped by a filter",
    "sends 200 with HTML",
    "sends 200 with {}",
    "sends 200 with an empty body",
    "sends an empty event stream",
    "sends {} as an event",
    "sends bad JSON",
    "sends an error event",
    "redirects",
    "refuses the connection at once",
    { status: 500 },
    { status: 502, headers: { "content-type": "text/html" }, body: "<h1>Bad gateway</h1>" },
    { status: 401 },
    { status: 413 },
  ])("is llm_failed, asked once, and tells no internals: %j", async (mode) => {
    server.behave(mode);
    const { error } = await complete(modelWith());
    expect(error).toBeInstanceOf(RagError);
    expect(error).toMatchObject({ code: "llm_failed", message: "The language model failed to answer. Try again later." });
    expect(server.requests).toHaveLength(1);
  });

  it("keeps the details for the log", async () => {
    server.behave({ status: 503, headers: { "retry-after": "7" }, body: "overloaded backend 17" });
    const { error } = await complete(modelWith());
    expect(error).toMatchObject({
      code: "llm_failed",
      retryAfterSeconds: 7,
      cause: { upstreamStatus: 503, message: "status 503: overloaded backend 17" },
    });
  });

  it("is llm_failed when nobody listens", async () => {
    const { baseUrl } = server;
    await server.close();
    expect((await complete(modelWith({ baseUrl }))).error).toMatchObject({ code: "llm_failed" });
  });

  it("is cut off when it floods", async () => {
    server.behave("floods");
    const { text, error } = await complete(modelWith({ maxResponseBytes: 1_000_000 }));
    expect(error).toMatchObject({ code: "llm_failed" });
    expect(text.length).toBeLessThan(1_000_000);
    await server.clientGone;
  });

  it.each([
    ["0", 0],
    ["2", 2],
    ["59", 59],
    ["2.2", 3],
    ["86400", 86_400],
    ["999999999", 86_400],
    ["Thu, 01 Jan 2026 00:01:30 GMT", 90],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", undefined],
    ["-5", undefined],
    ["", undefined],
  ])("is rate_limited at 429 with Retry-After %j as %j seconds", async (header, retryAfterSeconds) => {
    server.behave({ status: 429, headers: { "retry-after": header } });
    expect((await complete(modelWith())).error).toMatchObject({ code: "rate_limited", retryAfterSeconds });
  });

  it.each([429, 498])("is rate_limited at %i without Retry-After", async (status) => {
    server.behave({ status });
    expect((await complete(modelWith())).error).toMatchObject({ code: "rate_limited", retryAfterSeconds: undefined });
  });
});

describe("a server that does not go on", () => {
  it.each<FakeLlmMode>(["is silent", "sends headers and stalls", "only pings"])("is llm_timeout and let go of when it %s", async (mode) => {
    server.behave(mode);
    expect((await complete(modelWith({ ...IMPATIENT, totalTimeoutMs: 5_000 }))).error).toMatchObject({
      code: "llm_timeout",
      cause: { message: "first time-out" },
    });
    await server.clientGone;
  });

  it("is llm_timeout when it stalls mid-answer, after what it had said", async () => {
    server.behave("stalls mid-answer");
    const { text, error } = await complete(modelWith({ ...IMPATIENT, totalTimeoutMs: 5_000 }));
    expect(text).toBe(server.words.slice(0, 3).join(""));
    expect(error).toMatchObject({ code: "llm_timeout", cause: { message: "idle time-out" } });
    await server.clientGone;
  });

  it("is llm_timeout when the whole takes too long", async () => {
    server.behave("is silent");
    expect((await complete(modelWith({ totalTimeoutMs: 100 }))).error).toMatchObject({ code: "llm_timeout", cause: { message: "total time-out" } });
    await server.clientGone;
  });
});

describe("a client that leaves", () => {
  it.each<FakeLlmMode>(["is silent", "sends headers and stalls", "stalls mid-answer"])("closes the socket when the server %s", async (mode) => {
    server.behave(mode);
    const controller = new AbortController();
    const outcome = complete(modelWith(), controller.signal);
    await server.requestArrived;
    controller.abort();
    expect((await outcome).error).toBe(controller.signal.reason);
    await server.clientGone;
  });

  it("closes the socket when it stops reading", async () => {
    server.behave("floods");
    for await (const _ of modelWith().stream([], { signal: new AbortController().signal, maxTokens: 8 })) break;
    await server.clientGone;
  });

  it("makes no request when it has left already", async () => {
    const reason = new Error("gone");
    expect((await complete(modelWith(), AbortSignal.abort(reason))).error).toBe(reason);
    expect(server.requests).toHaveLength(0);
  });
});
