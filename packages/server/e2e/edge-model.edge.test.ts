/** A worker with a language model behind it: real HTTP to a server that misbehaves on demand. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleEdge, EDGE_SECRETS, type EdgeBundle, type EdgeWorker, startEdgeWorker } from "../test-support/edge-worker.ts";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { makeSmallSnapshot } from "../test-support/small-snapshot.ts";

let bundle: EdgeBundle;
let snapshot: Uint8Array<ArrayBuffer>;
let llm: FakeLlmServer;
let worker: EdgeWorker;

beforeAll(async () => {
  bundle = await bundleEdge();
  snapshot = await makeSmallSnapshot({ "owl.md": "# The owl\n\nThe owl sleeps in the barn until dusk." });
});
afterEach(async () => {
  await worker.dispose();
  await llm.close();
});

async function start(
  settingsFor: (baseUrl: string) => Record<string, string> = openAiCompatible,
  options: { readonly compatibilityFlags?: string[] } = {},
): Promise<void> {
  llm = await startFakeLlmServer();
  const bindings = { ...EDGE_SECRETS, LOG_LEVEL: "silent", ...settingsFor(llm.baseUrl) };
  worker = await startEdgeWorker(bundle, { bindings, r2Buckets: ["SNAPSHOT"], ...options });
  await worker.put("bucket", "SNAPSHOT", "knowledge.bin", snapshot);
}
const openAiCompatible = (baseUrl: string) => ({ LLM_BASE_URL: baseUrl, LLM_MODEL: "test-model", LLM_API_KEY: "llm-key-that-stays-secret" });

/** Filters are part of what an answer depends on: with ever new ones, none comes from the cache. */
let asked = 0;
const newQuestion = () => ({ question: "Where does the owl sleep?", filters: { pathPrefixes: ["owl", `${++asked}/`] } });
const ask = (body: object = newQuestion()) => worker.client("POST", "/chat", { body });

/** Asks for a stream, and reads until the text has so much in it; the reader is left open. */
async function readUntil(text: string, body: object): Promise<{ readonly received: string; leave(): void }> {
  const leaving = new AbortController();
  const response = await fetch(`${worker.address}/chat`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": EDGE_SECRETS.API_KEY },
    body: JSON.stringify({ ...body, stream: true }),
    signal: leaving.signal,
  });
  let received = "";
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  while (!received.includes(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    received += value;
  }
  return { received, leave: () => leaving.abort() };
}

describe("a model behind a worker", () => {
  it.each([
    ["an OpenAI-compatible server", openAiCompatible, "test-model"],
    ["Groq", (baseUrl: string) => ({ GROQ_API_KEY: "llm-key-that-stays-secret", GROQ_BASE_URL: baseUrl, GROQ_MODEL: "of-groq" }), "of-groq"],
  ])("writes the answer at %s, and its citations are verified", async (_, settingsFor, model) => {
    await start(settingsFor);
    const { status, body } = await ask();
    expect([status, body]).toMatchObject([200, { answerable: true, answeredBy: "model", model, answer: llm.words.join(""), degraded: false }]);
    expect(body.citations).toMatchObject([{ number: 1, path: "owl.md", quote: expect.stringContaining("owl sleeps in the barn") }]);
    expect(llm.requests).toHaveLength(1);
    expect(llm.requests[0]?.headers.authorization).toBe("Bearer llm-key-that-stays-secret");
    expect(JSON.stringify(llm.requests[0]?.body)).toContain("The owl sleeps in the barn");
  });

  it("is heard word by word, long before it ends", async () => {
    await start();
    llm.behave("stalls mid-answer");
    const { received, leave } = await readUntil("event: delta\ndata: ", newQuestion());
    expect(received).toMatch(/^event: session[\s\S]*event: sources[\s\S]*event: delta/);
    expect(received).not.toContain("event: done");
    leave();
  });

  it("is let go when the client leaves while it is being written to, and whoever asks the same afterwards is answered", {
    timeout: 15_000,
  }, async () => {
    await start();
    llm.behave("never comes to an end");
    const question = newQuestion();
    const { leave } = await readUntil('{"text":" again', question);
    leave();
    await llm.clientGone;
    await llm.quiet();
    llm.behave("answers");
    expect(await ask(question)).toMatchObject({ status: 200, body: { answeredBy: "model", answer: llm.words.join("") } });
  });

  it("answers the next one also where the worker is not told that a client has left", async () => {
    const patient = (baseUrl: string) => ({ ...openAiCompatible(baseUrl), LLM_IDLE_TIMEOUT_MS: "600000", LLM_TOTAL_TIMEOUT_MS: "600000" });
    await start(patient, { compatibilityFlags: [] });
    llm.behave("stalls mid-answer");
    const question = newQuestion();
    const { leave } = await readUntil("event: delta\ndata: ", question);
    leave();
    llm.behave("answers");
    expect(await ask(question)).toMatchObject({ status: 200, body: { answeredBy: "model", answer: llm.words.join("") } });
  });

  it("that cuts its answer is an error in the stream, never a whole answer", async () => {
    await start();
    llm.behave("resets mid-answer");
    const { received } = await readUntil("event: error", newQuestion());
    expect(received).toMatch(/event: error\ndata: .*"code":"llm_failed"/);
    expect(received).not.toContain("event: done");
  });

  it("that redirects is not followed", async () => {
    await start();
    llm.behave({ status: 307, headers: { location: `${llm.baseUrl}/elsewhere` } });
    expect(await ask()).toMatchObject({ status: 502, body: { code: "llm_failed" } });
    expect(llm.requests).toHaveLength(1);
  });

  it("is left alone after failures, until the administrator closes the circuit", async () => {
    await start();
    llm.behave({ status: 500 });
    const codes: string[] = [];
    for (let question = 0; question < 12; question += 1) codes.push((await ask()).body.code);
    expect(codes[0]).toBe("llm_failed");
    expect(codes.at(-1)).toBe("llm_circuit_open");
    const before = llm.requests.length;
    llm.behave("answers");
    expect(await ask()).toMatchObject({ status: 503, body: { code: "llm_circuit_open" } });
    expect(llm.requests).toHaveLength(before);
    const login = await worker.send("POST", "/auth/token", {
      rawBody: new URLSearchParams({ username: "admin", password: EDGE_SECRETS.ADMIN_PASSWORD }).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    await worker.send("POST", "/admin/breaker/reset", { headers: { authorization: `Bearer ${login.body.access_token}` } });
    expect(await ask()).toMatchObject({ status: 200 });
  });

  it("that is away is replaced by quotations where that is configured", async () => {
    await start((baseUrl) => ({ ...openAiCompatible(baseUrl), LLM_FALLBACK: "extractive" }));
    llm.behave({ status: 500 });
    expect(await ask()).toMatchObject({ status: 200, body: { answeredBy: "extractive", degraded: true, answerable: true } });
  });

  it("is asked no more often than its budget allows, and nobody waits for it", async () => {
    await start((baseUrl) => ({ ...openAiCompatible(baseUrl), LLM_REQUESTS_PER_MINUTE: "1" }));
    expect(await ask()).toMatchObject({ status: 200 });
    expect(await ask()).toMatchObject({ status: 429, body: { code: "rate_limited", retryAfterSeconds: expect.any(Number) } });
  });

  it("is asked once for what the cache knows", async () => {
    await start();
    const question = newQuestion();
    const first = await ask(question);
    expect((await ask(question)).body.answer).toBe(first.body.answer);
    expect(llm.requests).toHaveLength(1);
  });
});
