/** The routes below `/v1` over HTTP: shapes, what is refused and how, and errors in the middle of a stream. */
import { RagError } from "@rag-personal/core";
import OpenAI from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { sampleAnswer } from "../../test-support/sample-answer.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import type { ConverseRequest } from "../confinement.ts";
import type { AppServices } from "../services.ts";

const scene = createCredentialsScene();
const KEY = { authorization: `Bearer ${CONFIGURED_KEY}`, "x-request-id": "request-1" };
const WHO = [{ role: "user", content: "Who built it?" }];
const ANSWER = sampleAnswer();
const SOURCES = [{ number: 1, documentId: "doc_1", path: "ada.md", title: "Ada", headingPath: [], score: 1 }];
let services: AppServices;
let asked: ConverseRequest[];

beforeAll(() => {
  services = {
    ...createStandInServices(scene, "00000000-0000-4000-8000-00000000000a"),
    async *converse(request) {
      asked.push(request);
      yield { type: "sources", sources: SOURCES };
      yield { type: "delta", text: "She built it [" };
      yield { type: "delta", text: "1]." };
      yield { type: "done", answer: ANSWER };
    },
  };
});

async function send(method: string, path: string, body?: unknown, changed: Partial<AppServices> = {}, headers: Record<string, string> = KEY) {
  asked = [];
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const init = { method, headers: { ...json, ...headers }, body: body === undefined ? null : JSON.stringify(body) };
  const response = await createApp({ ...services, ...changed }).request(`/v1${path}`, init, {});
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  // biome-ignore lint/suspicious/noExplicitAny: the body is what is being tested, not trusted.
  const parsed: any = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, body: parsed };
}

const chat = (more: Record<string, unknown> = {}, changed: Partial<AppServices> = {}) =>
  send("POST", "/chat/completions", { model: "rag", messages: WHO, ...more }, changed);

/** The data of each event, parsed but for the last word. */
const eventsOf = (text: string) =>
  text
    .split("\n\n")
    .filter((event) => event.includes("data: "))
    .map((event) => event.slice(event.indexOf("data: ") + "data: ".length))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));

describe("a completion", () => {
  it("has the shape that clients know, with the citations beside", async () => {
    const { status, headers, body } = await chat();
    expect(status).toBe(200);
    expect(headers.get("x-request-id")).toBe("request-1");
    const { answer: _, answeredBy: __, ...rest } = ANSWER;
    expect(body).toEqual({
      id: "chatcmpl-request-1",
      object: "chat.completion",
      created: Math.floor(scene.time.ms / 1_000),
      model: "rag",
      choices: [{ index: 0, message: { role: "assistant", content: "She built it [1].", refusal: null }, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, estimated: true },
      rag: { ...rest, answeredBy: "extractive", requestId: "request-1", withoutEffect: [] },
    });
  });

  it.each([
    ["by the name of the model", { model: "rag-footnotes" }],
    ["by a field", { rag: { footnotes: true } }],
  ])("has footnotes when asked for them %s", async (_, more) => {
    expect((await chat(more)).body.choices[0].message.content).toBe("She built it [^1].\n\n[^1]: Ada (ada.md): “She built it.”");
  });

  it("is about the documents that the filters admit", async () => {
    await chat({ rag: { filters: { pathPrefixes: ["people/"] } } });
    expect(asked[0]?.filters).toEqual({ pathPrefixes: ["people/"] });
  });

  it("takes the earlier messages for the conversation", async () => {
    await chat({ messages: [{ role: "user", content: "What is it?" }, { role: "assistant", content: "A tower." }, ...WHO] });
    expect(asked[0]).toMatchObject({ question: "Who built it?", history: [{ question: "What is it?", answer: "A tower." }] });
  });

  it("is cut at max_tokens and says so", async () => {
    const { body } = await chat({ max_completion_tokens: 2 });
    expect(body.choices[0]).toMatchObject({ message: { content: "She bui" }, finish_reason: "length" });
    expect(body.rag.citations).toHaveLength(1);
  });

  it("names what was sent and changed nothing", async () => {
    const messages = [{ role: "system", content: "You are a pirate." }, ...WHO];
    const { status, body } = await chat({
      messages,
      temperature: 0.2,
      seed: 7,
      user: "ada",
      top_p: null,
      n: 1,
      response_format: { type: "text" },
      stop: null,
    });
    expect(status).toBe(200);
    expect(body.rag.withoutEffect).toEqual(["messages[0]", "temperature", "seed", "user"]);
  });

  it.each([
    ["n", { n: 2 }],
    ["tools", { tools: [{ type: "function", function: { name: "f" } }] }],
    ["functions", { functions: [{ name: "f" }] }],
    ["tool_choice", { tool_choice: "required" }],
    ["logprobs", { logprobs: true }],
    ["logit_bias", { logit_bias: { 1: 2 } }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["modalities", { modalities: ["text", "audio"] }],
    ["store", { store: true }],
    ["stop", { stop: ["\n"] }],
    ["max_tokens", { max_tokens: 0 }],
    ["temperature", { temperature: "hot" }],
    ["top_k", { top_k: 5 }],
    ["rag.footnote", { rag: { footnote: true } }],
    ["messages", { messages: [] }],
    ["messages[0].content", { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] }],
    ["messages[0].role", { messages: [{ role: "tool", content: "x" }] }],
    ["messages", { messages: [{ role: "user", content: "x".repeat(1_001) }] }],
    ["messages", { messages: [{ role: "user", content: " " }] }],
  ])("refuses %s by its name: %j", async (param, more) => {
    const { status, body } = await chat(more);
    expect(status).toBe(400);
    expect(body).toEqual({ error: { message: expect.stringContaining(param), type: "invalid_request_error", param, code: "invalid_request" } });
    expect(asked).toEqual([]);
  });
});

describe("a streamed completion", () => {
  it("begins with the role, ends with the reason, the citations and the last word", async () => {
    const { status, headers, text } = await chat({ stream: true });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toContain("text/event-stream");
    expect(headers.get("x-request-id")).toBe("request-1");
    expect(text).not.toContain("event:");
    const events = eventsOf(text);
    expect(events.slice(0, -1).map(({ choices }) => choices[0])).toEqual([
      { index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: "She built it [" }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: "1]." }, logprobs: null, finish_reason: null },
      { index: 0, delta: {}, logprobs: null, finish_reason: "stop" },
    ]);
    for (const event of events.slice(0, -1)) {
      expect(event).toMatchObject({ id: "chatcmpl-request-1", object: "chat.completion.chunk", model: "rag" });
      expect(event).not.toHaveProperty("usage");
    }
    expect(events.at(-2).rag).toMatchObject({ answerable: true, citations: [{ quote: "She built it." }] });
    expect(events.at(-1)).toBe("[DONE]");
  });

  it("tells the usage in a chunk of its own when asked to", async () => {
    const events = eventsOf((await chat({ stream: true, stream_options: { include_usage: true } })).text);
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 5, estimated: true } });
    for (const event of events.slice(0, -2)) expect(event.usage).toBeNull();
  });

  it("says the same as a whole one, with footnotes and with a limit", async () => {
    for (const more of [{}, { rag: { footnotes: true } }, { max_tokens: 3 }, { max_tokens: 9, model: "rag-footnotes" }]) {
      const whole = (await chat(more)).body;
      const chunks = eventsOf((await chat({ ...more, stream: true })).text).slice(0, -1);
      expect(chunks.map(({ choices }) => choices[0].delta.content ?? "").join("")).toBe(whole.choices[0].message.content);
      expect(chunks.at(-1)).toMatchObject({ rag: whole.rag, choices: [{ finish_reason: whole.choices[0].finish_reason }] });
    }
  });

  it("is an ordinary error when it fails before the first word", async () => {
    const { status, headers, body } = await chat(
      { stream: true },
      {
        async *converse() {
          yield { type: "sources", sources: SOURCES };
          throw new RagError("llm_circuit_open", "The model is left alone.", { retryAfterSeconds: 3 });
        },
      },
    );
    expect([status, headers.get("retry-after")]).toEqual([503, "3"]);
    expect(body.error).toMatchObject({ type: "server_error", code: "llm_circuit_open" });
  });

  it("is an error for OpenAI's client, too, when it breaks off, or when the server stops", async () => {
    const stopping = new AbortController();
    const failures = {
      failing: async function* () {
        yield { type: "delta" as const, text: "She " };
        throw new RagError("llm_failed", "The language model failed.");
      },
      stopping: async function* () {
        yield { type: "delta" as const, text: "She " };
        stopping.abort();
        await new Promise(() => {});
      },
    };
    for (const [name, code] of [
      ["failing", "llm_failed"],
      ["stopping", "not_ready"],
    ] as const) {
      const app = createApp({ ...services, converse: failures[name] });
      const fetch = async (url: string | URL | Request, init?: RequestInit) => app.request(String(url), init, { stopping: stopping.signal });
      const openai = new OpenAI({ baseURL: "http://localhost/v1", apiKey: CONFIGURED_KEY, fetch });
      const stream = await openai.chat.completions.create({ model: "rag", messages: [{ role: "user", content: "Who?" }], stream: true });
      let text = "";
      const read = async () => {
        for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
      };
      await expect(read()).rejects.toMatchObject({ code });
      expect(text).toBe("She ");
    }
  });

  it("ends with an error event, and never as if it were complete, when it fails later", async () => {
    const { status, text } = await chat(
      { stream: true },
      {
        async *converse() {
          yield { type: "sources", sources: SOURCES };
          yield { type: "delta", text: "She " };
          throw new Error("the password is swordfish");
        },
      },
    );
    expect(status).toBe(200);
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { type: "server_error", code: "internal", param: null } });
    expect(text).not.toMatch(/\[DONE\]|swordfish|"finish_reason":"/);
  });
});

describe("models", () => {
  it("are listed, and found by their names", async () => {
    const { body } = await send("GET", "/models");
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(["rag", "rag-footnotes", "rag-embeddings", "stand-in"]);
    expect((await send("GET", "/models/rag-footnotes")).body).toEqual({ id: "rag-footnotes", object: "model", created: 0, owned_by: "rag-personal" });
  });

  it.each([
    ["GET", "/models/gpt-4o", undefined],
    ["POST", "/chat/completions", { model: "gpt-4o", messages: WHO }],
    ["POST", "/embeddings", { model: "gpt-4o", input: "a" }],
  ])("that are not there are 404 as clients expect it: %s %s", async (method, path, body) => {
    const response = await send(method, path, body);
    expect(response.status).toBe(404);
    expect(response.body.error).toMatchObject({ type: "invalid_request_error", param: "model", code: "model_not_found" });
  });

  it("have no embeddings where there is nothing to make them", async () => {
    for (const embedder of ["none", "outOfReach"] as const) {
      expect((await send("GET", "/models", undefined, { embedder: () => embedder })).body.data).toHaveLength(2);
    }
  });
});

describe("embeddings", () => {
  const embed = (more: Record<string, unknown>, changed: Partial<AppServices> = {}) =>
    send("POST", "/embeddings", { model: "rag-embeddings", ...more }, changed);

  it("are a vector for each text, under the name of what made them", async () => {
    const { status, body } = await embed({ input: ["a", "b"] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: "list", model: "stand-in", usage: { prompt_tokens: 2, total_tokens: 2, estimated: true } });
    expect(body.data).toEqual([0, 1].map((index) => ({ object: "embedding", index, embedding: [Math.fround(0.6), Math.fround(0.8)] })));
    expect((await send("POST", "/embeddings", { model: "stand-in", input: "a", dimensions: 2 })).body.data).toHaveLength(1);
  });

  it("are the same numbers in base64", async () => {
    const [{ embedding }] = (await embed({ input: "a", encoding_format: "base64" })).body.data;
    const bytes = Uint8Array.from(atob(embedding), (unit) => unit.charCodeAt(0));
    expect([...new Float32Array(bytes.buffer)]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
  });

  it("come in batches, in order, for the purpose that is named", async () => {
    const calls: [number, string][] = [];
    const embedder = {
      id: "counting",
      dimensions: 1,
      embed: async (texts: readonly string[], { purpose }: { readonly purpose: string }) => {
        calls.push([texts.length, purpose]);
        return texts.map((text) => new Float32Array([Number(text)]));
      },
    };
    const input = Array.from({ length: 70 }, (_, at) => String(at));
    const { body } = await embed({ input, rag: { purpose: "query" } }, { embedder: () => embedder });
    expect(body.data.map(({ embedding }: { embedding: number[] }) => embedding[0])).toEqual(input.map(Number));
    expect(calls).toEqual([
      [32, "query"],
      [32, "query"],
      [6, "query"],
    ]);
  });

  it.each([
    ["input", { input: [[1, 2, 3]] }],
    ["input", { input: [] }],
    ["input[1]", { input: ["a", ""] }],
    ["input[0]", { input: "x".repeat(32_769) }],
    ["input", { input: Array(2_049).fill("a") }],
    ["dimensions", { input: "a", dimensions: 256 }],
    ["encoding_format", { input: "a", encoding_format: "int8" }],
  ])("refuse %s by its name", async (param, more) => {
    const { status, body } = await embed(more);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ param, code: "invalid_request" });
  });

  it.each([
    ["none", 503, "not_ready"],
    ["outOfReach", 403, "forbidden"],
  ] as const)("are refused by type where there is %s", async (embedder, status, code) => {
    const response = await embed({ input: "a" }, { embedder: () => embedder });
    expect([response.status, response.body.error.code]).toEqual([status, code]);
  });
});

describe("what is refused before any of them", () => {
  it.each([
    ["no key", {}, 401, "invalid_api_key"],
    ["a wrong key", { authorization: "Bearer wrong" }, 401, "invalid_api_key"],
  ])("has the shape of OpenAI: %s", async (_, headers, status, code) => {
    const response = await send("GET", "/models", undefined, {}, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(response.body.error).toEqual({ message: expect.any(String), type: "invalid_request_error", param: null, code });
  });

  it.each([
    ["GET", "/chat/completions", 405, "POST"],
    ["DELETE", "/models/rag", 405, "GET"],
    ["POST", "/responses", 404, null],
    ["GET", "/models/a/b", 404, null],
  ])("%s %s", async (method, path, status, allow) => {
    const response = await send(method, path);
    expect([response.status, response.headers.get("allow")]).toEqual([status, allow]);
    expect(response.body.error).toMatchObject({ type: "invalid_request_error" });
  });

  it("is a body that is too large, no JSON, or nested too deep", async () => {
    const post = async (body: string, type = "application/json") => {
      const init = { method: "POST", headers: { ...KEY, "content-type": type }, body };
      const response = await createApp(services).request("/v1/chat/completions", init, {});
      const told = JSON.parse(await response.text());
      return [response.status, told.error.code];
    };
    expect(await post(`"${"a".repeat(100_001)}"`)).toEqual([413, "payload_too_large"]);
    expect(await post("{")).toEqual([400, "invalid_request"]);
    expect(await post("[".repeat(17) + "]".repeat(17))).toEqual([400, "invalid_request"]);
    expect(await post("{}", "text/plain")).toEqual([415, "unsupported_media_type"]);
  });
});
