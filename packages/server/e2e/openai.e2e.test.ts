/** The routes below `/v1` on a running server, through OpenAI's own client. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import OpenAI, { type APIError, AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError, RateLimitError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const FILES: Readonly<Record<string, string>> = {
  "people/lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.\n\n## Her boat\n\nHer boat was called Petrel.",
  "people/birk.md": "# Jonas Birk\n\nJonas Birk repaired the clock in 1954. He was a watchmaker from Lund.",
  "recipes/soup.md": "# Fish soup\n\nBoil two cod heads with leeks for forty minutes. Serve the soup with rye bread.",
  "recipes/bread.md": "# Rye bread\n\nKnead the dough of rye flour for ten minutes. Bake the bread in a hot oven until it is dark.",
};

/** What the client's types do not know of. */
interface Extension {
  readonly answerable: boolean;
  readonly citations: readonly { readonly number: number; readonly path: string; readonly quote: string }[];
  readonly nearMisses: readonly unknown[];
  readonly degraded: boolean;
  readonly standaloneQuestion?: string;
  readonly withoutEffect: readonly string[];
}

function extensionOf(completion: object): Extension {
  if (!("rag" in completion)) throw new Error("the completion has no extension");
  return completion.rag as Extension;
}

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let api: Api;
let openai: OpenAI;

const clientWith = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.address}/v1`, apiKey, maxRetries: 0 });

async function keyWith(more: Record<string, unknown>): Promise<string> {
  const { body } = await api.admin("POST", "/admin/api-keys", { body: { name: "chat app", ...more } });
  return body.key;
}

beforeAll(async () => {
  folder = await temporaryDirectory();
  const docs = join(folder.path, "docs");
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(docs, path, ".."), { recursive: true });
    await writeFile(join(docs, path), text);
  }
  server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs });
  api = await connectApi(server);
  openai = clientWith(api.apiKey);
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const ask = (content: string, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> & Record<string, unknown> = {}) =>
  openai.chat.completions.create({ model: "rag", messages: [{ role: "user", content }], ...more });

describe("a completion", () => {
  it("is a cited answer", async () => {
    const completion = await ask("Who built the tower?");
    const [choice] = completion.choices;
    expect(choice?.message.content).toContain("Ada Lund built the tower in 1912");
    expect(choice?.finish_reason).toBe("stop");
    expect(completion._request_id).toBeTruthy();
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
    const { answerable, citations } = extensionOf(completion);
    expect(answerable).toBe(true);
    expect(citations[0]).toMatchObject({ number: 1, path: "people/lund.md", quote: expect.stringContaining("1912") });
  });

  it("says that it is not in the documents, as an ordinary answer", async () => {
    const completion = await ask("Who repaired the rocket engine of the Saturn V?");
    expect(completion.choices[0]?.message.content).toMatch(/not in your documents/i);
    expect(extensionOf(completion)).toMatchObject({ answerable: false, citations: [], degraded: false });
  });

  it("understands a follow-up by the messages that come with it, and keeps no session", async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: "system", content: "You are a pirate." },
      { role: "user", content: "Who repaired the clock?" },
    ];
    const first = await openai.chat.completions.create({ model: "rag", messages });
    const said = first.choices[0]?.message;
    if (said === undefined) throw new Error("no answer");
    const second = await openai.chat.completions.create({
      model: "rag",
      messages: [...messages, said, { role: "user", content: "And where was he from?" }],
    });
    expect(second.choices[0]?.message.content).toContain("watchmaker from Lund");
    expect(extensionOf(second)).toMatchObject({ standaloneQuestion: expect.stringContaining("Jonas Birk"), withoutEffect: ["messages[0]"] });
    expect((await api.client("GET", "/sessions")).body.sessions).toEqual([]);
  });

  it("has its citations as footnotes, for apps that show nothing but the text", async () => {
    const completion = await ask("Who built the tower?", { model: "rag-footnotes" });
    const [text, notes] = completion.choices[0]?.message.content?.split("\n\n[^1]: ") ?? [];
    expect(text).toContain("built the tower in 1912. [^1]");
    expect(notes).toMatch(/^Ada Lund \(people\/lund\.md\): “/);
  });

  it("looks at the documents alone that the filters admit", async () => {
    const completion = await ask("Who built the tower?", { rag: { filters: { pathPrefixes: ["recipes/"] } } });
    expect(extensionOf(completion).answerable).toBe(false);
  });
});

describe("a stream", () => {
  it("says the same, piece by piece, with the citations at its end", async () => {
    const stream = await openai.chat.completions.create({
      model: "rag",
      messages: [{ role: "user", content: "Who built the tower?" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const whole = await ask("Who built the tower?");
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(whole.choices[0]?.message.content);
    const last = chunks.at(-2);
    expect(last?.choices[0]?.finish_reason).toBe("stop");
    expect(extensionOf(last ?? {}).citations).toEqual(extensionOf(whole).citations);
    expect(chunks.at(-1)?.usage).toEqual(whole.usage);
  });

  it("works with the client's own helper", async () => {
    const runner = openai.chat.completions.stream({ model: "rag", messages: [{ role: "user", content: "Who built the tower?" }] });
    expect(await runner.finalContent()).toContain("1912");
  });
});

describe("models", () => {
  it("are what an app can choose from", async () => {
    const ids: string[] = [];
    for await (const { id } of openai.models.list()) ids.push(id);
    expect(ids.slice(0, 3)).toEqual(["rag", "rag-footnotes", "rag-embeddings"]);
    expect(await openai.models.retrieve("rag")).toMatchObject({ id: "rag", object: "model" });
  });
});

describe("embeddings", () => {
  it("put texts about one thing near to each other, in both encodings", async () => {
    const input = ["soup with cod", "fish and leeks, boiled", "a watchmaker's clock"];
    const { data, model } = await openai.embeddings.create({ model: "rag-embeddings", input });
    const floats = await openai.embeddings.create({ model, input, encoding_format: "float" });
    expect(floats.data).toEqual(data);
    const dot = (left = 0, right = 0): number =>
      (data[left]?.embedding ?? []).reduce((sum, value, at) => sum + value * (data[right]?.embedding[at] ?? 0), 0);
    expect(dot(0, 0)).toBeCloseTo(1, 4);
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2));
  });

  it("are refused to a key that may read some documents alone, as they are learnt from all", async () => {
    const confined = clientWith(await keyWith({ pathPrefixes: ["people/"] }));
    await expect(confined.embeddings.create({ model: "rag-embeddings", input: "soup" })).rejects.toBeInstanceOf(PermissionDeniedError);
  });
});

describe("what is refused", () => {
  it("becomes the client's own error class", async () => {
    const wrongKey = clientWith("wrong").models.list();
    await expect(wrongKey).rejects.toBeInstanceOf(AuthenticationError);
    await expect(wrongKey).rejects.toMatchObject({ code: "invalid_api_key", status: 401 });
    const withTools = ask("Who?", { tools: [{ type: "function", function: { name: "f", parameters: {} } }] });
    await expect(withTools).rejects.toBeInstanceOf(BadRequestError);
    await expect(withTools).rejects.toMatchObject({ param: "tools", code: "invalid_request", type: "invalid_request_error" });
    const unknownModel = ask("Who?", { model: "gpt-4o" });
    await expect(unknownModel).rejects.toBeInstanceOf(NotFoundError);
    await expect(unknownModel).rejects.toMatchObject({ code: "model_not_found", requestID: expect.any(String) });
    await expect(openai.responses.create({ model: "rag", input: "Who?" })).rejects.toBeInstanceOf(NotFoundError);
  });

  it("is what a key was not made for, what lies outside its folders, and what its budget does not hold", async () => {
    const searching = clientWith(await keyWith({ operations: ["search.run"] }));
    await expect(searching.chat.completions.create({ model: "rag", messages: [{ role: "user", content: "Who?" }] })).rejects.toBeInstanceOf(
      PermissionDeniedError,
    );
    const confined = clientWith(await keyWith({ pathPrefixes: ["recipes/"], requestsPerMinute: 1 }));
    const question = { model: "rag", messages: [{ role: "user" as const, content: "Who built the tower?" }] };
    const completion = await confined.chat.completions.create(question);
    expect(extensionOf(completion).answerable).toBe(false);
    expect(JSON.stringify(completion)).not.toContain("people/");
    const spent = confined.chat.completions.create(question);
    await expect(spent).rejects.toBeInstanceOf(RateLimitError);
    await expect(spent).rejects.toSatisfy((error: APIError) => Number(error.headers?.get("retry-after")) > 0);
  });
});
