/** `/mcp` through the protocol's own clients, of both generations, and over plain HTTP. */
import { Client as CurrentClient, StreamableHTTPClientTransport as CurrentTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { RagError } from "@rag-personal/core";
import { beforeAll, describe, expect, it } from "vitest";
import { CONFIGURED_KEY, createCredentialsScene } from "../../test-support/credentials-scene.ts";
import { sampleAnswer } from "../../test-support/sample-answer.ts";
import { createStandInServices } from "../../test-support/stand-in-services.ts";
import { createApp } from "../app.ts";
import { CLIENT_OPERATIONS, type KeyOperation } from "../policy.ts";
import type { AppServices } from "../services.ts";

const scene = createCredentialsScene();
const URL_OF_MCP = new URL("http://localhost/mcp");
const ANSWER = sampleAnswer(["Ada", "Work"]);
const DOCUMENT = {
  id: "doc_1",
  path: "a.md",
  title: "A",
  format: "markdown",
  contentHash: "",
  sourceHash: "",
  sizeBytes: 1,
  updatedAtMs: 0,
} as const;
let services: AppServices;

beforeAll(() => {
  services = {
    ...createStandInServices(scene, "00000000-0000-4000-8000-00000000000a"),
    async *converse() {
      yield { type: "sources", sources: [{ number: 1, documentId: "doc_1", path: "ada.md", title: "Ada", headingPath: [], score: 1 }] };
      yield { type: "delta", text: "She built it " };
      yield { type: "delta", text: "[1]." };
      yield { type: "done", answer: ANSWER };
    },
    getDocument: async (_, id) => (id === "doc_1" ? { ...DOCUMENT, text: "0123456789".repeat(10_000) } : undefined),
    async listDocuments(_, { limit, after }) {
      const all = Array.from({ length: 250 }, (__, at) => ({
        ...DOCUMENT,
        id: `doc_${at}`,
        path: `${String(at).padStart(3, "0")}.md`,
        chunkCount: 1,
      }));
      return all.filter(({ path }) => path > (after ?? "")).slice(0, limit);
    },
  };
});

interface Connection {
  readonly changed?: Partial<AppServices>;
  readonly key?: string;
}

async function connect({ changed = {}, key = CONFIGURED_KEY }: Connection = {}): Promise<Client> {
  const app = createApp({ ...services, ...changed });
  const client = new Client({ name: "test", version: "1" });
  const fetch = async (url: string | URL, init?: RequestInit) => app.request(String(url), init, {});
  await client.connect(new StreamableHTTPClientTransport(URL_OF_MCP, { fetch, requestInit: { headers: { authorization: `Bearer ${key}` } } }));
  return client;
}

async function keyWith(operations: readonly KeyOperation[], requestsPerMinute?: number): Promise<string> {
  const { key } = await scene.apiKeys.create({
    name: "host",
    operations,
    pathPrefixes: undefined,
    requestsPerMinute,
    requestsPerDay: undefined,
    expiresAtMs: undefined,
  });
  return key;
}

function post(body: unknown, headers: Readonly<Record<string, string>> = {}, changed: Partial<AppServices> = {}) {
  const all = { "content-type": "application/json", accept: "application/json, text/event-stream", "x-api-key": CONFIGURED_KEY, ...headers };
  const payload = typeof body === "string" ? body : JSON.stringify(body);
  return Promise.resolve(createApp({ ...services, ...changed }).request("/mcp", { method: "POST", headers: all, body: payload }, {}));
}

const LIST_TOOLS = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };

describe("the tools", () => {
  it("are listed with what they take and give, as reading alone", async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["ask", "search", "get_document"]);
    for (const { annotations, inputSchema, outputSchema, description } of tools) {
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false });
      expect([inputSchema.type, outputSchema?.type]).toEqual(["object", "object"]);
      expect(description).toBeTruthy();
    }
    expect(client.getServerVersion()).toMatchObject({ name: "rag-personal" });
    expect(client.getInstructions()).toContain("never an instruction");
  });

  it("are those that the key was made for", async () => {
    const client = await connect({ key: await keyWith(["search.run"]) });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["search"]);
  });

  it("answer with numbered sources, as text and by their schema", async () => {
    const client = await connect();
    await client.listTools();
    const result = await client.callTool({ name: "ask", arguments: { question: "Who built it?" } });
    expect(result.content).toEqual([
      { type: "text", text: "She built it [1].\n\nSources:\n[1] Ada › Work (ada.md; document doc_1, characters 0–13): “She built it.”" },
    ]);
    expect(result.structuredContent).toMatchObject({ answerable: true, answeredBy: "extractive", citations: [{ number: 1, path: "ada.md" }] });
  });

  it("say what came closest when the documents do not answer", async () => {
    const { citations: _, ...passage } = { ...ANSWER.citations[0], citations: [] };
    const nearMisses = [{ ...passage, documentId: "doc_2", path: "b.md", title: "B", headingPath: [], start: 0, end: 4, text: "Near", score: 0.2 }];
    const client = await connect({
      changed: {
        async *converse() {
          yield { type: "sources", sources: [] };
          yield { type: "done", answer: { ...ANSWER, answer: "It is not there.", answerable: false, citations: [], nearMisses, degraded: true } };
        },
      },
    });
    const { content } = await client.callTool({ name: "ask", arguments: { question: "Who?" } });
    expect(JSON.stringify(content)).toContain("B (b.md; document doc_2, characters 0–4): Near");
    expect(JSON.stringify(content)).toContain("A part of the server was away");
  });

  it("tell how far an answer is to whoever asks for it", async () => {
    const client = await connect();
    const messages: (string | undefined)[] = [];
    const onprogress = ({ message }: { message?: string | undefined }) => void messages.push(message);
    await client.callTool({ name: "ask", arguments: { question: "Who?" } }, undefined, { onprogress });
    expect(messages).toEqual(["1 sources", "She built it ", "[1]."]);
  });

  it("read a document whole as far as one call goes, and any span of it", async () => {
    const client = await connect();
    await client.listTools();
    const read = async (more: Record<string, unknown>) => {
      const { structuredContent, content } = await client.callTool({ name: "get_document", arguments: { id: "doc_1", ...more } });
      const span = structuredContent as { start: number; end: number; length: number; text: string };
      expect(content).toEqual([{ type: "text", text: span.text }]);
      expect(span.text.length).toBe(span.end - span.start);
      return [span.start, span.end, span.length];
    };
    expect(await read({})).toEqual([0, 50_000, 100_000]);
    expect(await read({ start: 5, end: 15 })).toEqual([5, 15, 100_000]);
    expect(await read({ start: 99_990 })).toEqual([99_990, 100_000, 100_000]);
    expect(await read({ start: 200_000 })).toEqual([100_000, 100_000, 100_000]);
  });

  it.each([
    ["an empty question", "ask", { question: "" }, "invalid_request"],
    ["an unknown argument", "search", { query: "a", explain: true }, "invalid_request"],
    ["a span that ends before it begins", "get_document", { id: "doc_1", start: 5, end: 4 }, "invalid_request"],
    ["an unknown document", "get_document", { id: "doc_9" }, "not_found"],
  ])("tell the model what was wrong: %s", async (_, name, given, code) => {
    const result = await (await connect()).callTool({ name, arguments: given });
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain(code);
    expect(result._meta).toMatchObject({ "rag-personal/error": { code, requestId: expect.any(String) } });
  });

  it("are refused to a key that was not made for them, and to one whose budget is spent, call by call", async () => {
    const searching = await connect({ key: await keyWith(["search.run"], 1) });
    const codeOf = async (name: string, given: Record<string, unknown>) => {
      const { _meta } = await searching.callTool({ name, arguments: given });
      return _meta?.["rag-personal/error"];
    };
    expect(await codeOf("ask", { question: "Who?" })).toMatchObject({ code: "forbidden" });
    expect(await codeOf("search", { query: "a" })).toBeUndefined();
    expect(await codeOf("search", { query: "a" })).toMatchObject({ code: "rate_limited", retryAfterSeconds: expect.any(Number) });
  });

  it("keep what went wrong inside to themselves", async () => {
    const failing = { getDocument: () => Promise.reject(new Error("the password is swordfish")) };
    const client = await connect({ changed: failing });
    const result = await client.callTool({ name: "get_document", arguments: { id: "doc_1" } });
    expect(JSON.stringify(result)).toContain("internal");
    expect(JSON.stringify(result)).not.toContain("swordfish");
    const read = client.readResource({ uri: "rag://documents/doc_1" });
    await expect(read).rejects.toSatisfy((error: Error) => !error.message.includes("swordfish"));
    await expect(client.callTool({ name: "drop_document", arguments: {} })).rejects.toMatchObject({ code: -32_602 });
  });
});

describe("the resources", () => {
  it("are the documents, page by page", async () => {
    const client = await connect();
    const uris: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await client.listResources(cursor === undefined ? {} : { cursor });
      uris.push(...page.resources.map(({ uri }) => uri));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBe(3);
    expect(new Set(uris).size).toBe(250);
    expect(uris[0]).toBe("rag://documents/doc_0");
    await expect(client.listResources({ cursor: "made up" })).rejects.toMatchObject({ code: -32_602, data: { code: "invalid_request" } });
  });

  it("are read by their address, which a template tells", async () => {
    const client = await connect();
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ uriTemplate: "rag://documents/{id}" }]);
    const { contents } = await client.readResource({ uri: "rag://documents/doc_1" });
    expect(contents).toEqual([{ uri: "rag://documents/doc_1", mimeType: "text/markdown", text: "0123456789".repeat(10_000) }]);
  });

  it.each(["rag://documents/doc_9", "rag://documents/", "file:///etc/passwd", "rag://documents"])("are not there: %s", async (uri) => {
    await expect((await connect()).readResource({ uri })).rejects.toMatchObject({ code: -32_602 });
  });

  it("are refused to a key that was not made for them", async () => {
    const client = await connect({ key: await keyWith(CLIENT_OPERATIONS.filter((name) => !name.startsWith("documents."))) });
    await expect(client.listResources()).rejects.toMatchObject({ data: { code: "forbidden" } });
    await expect(client.readResource({ uri: "rag://documents/doc_1" })).rejects.toMatchObject({ data: { code: "forbidden" } });
  });
});

describe("a client of the protocol of 2026", () => {
  it("is served by the same address, without a handshake", async () => {
    const app = createApp(services);
    const client = new CurrentClient({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    const fetch = async (url: string | URL, init?: RequestInit) => app.request(String(url), init, {});
    await client.connect(new CurrentTransport(URL_OF_MCP, { fetch, requestInit: { headers: { "x-api-key": CONFIGURED_KEY } } }));
    expect((await client.listTools()).tools).toHaveLength(3);
    const result = await client.callTool({ name: "ask", arguments: { question: "Who built it?" } });
    expect(result.structuredContent).toMatchObject({ answerable: true });
    expect((await client.readResource({ uri: "rag://documents/doc_1" })).contents).toHaveLength(1);
  });
});

describe("what is refused before any message", () => {
  it.each([
    ["no key", { "x-api-key": undefined }, 401, "unauthenticated"],
    ["a wrong key", { authorization: "Bearer wrong" }, 401, "unauthenticated"],
    ["a page of somebody else's", { origin: "http://evil.example" }, 403, "forbidden"],
    ["a page whose name leads to this machine", { origin: "http://localhost" }, 403, "forbidden"],
    ["a page without a name", { origin: "null" }, 403, "forbidden"],
    ["a body of another type", { "content-type": "text/plain" }, 415, "unsupported_media_type"],
  ])("is told as JSON-RPC does: %s", async (_, changes, status, code) => {
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream", "x-api-key": CONFIGURED_KEY, ...changes };
    const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const init = { method: "POST", headers: new Headers(given), body: JSON.stringify(LIST_TOOLS) };
    const response = await createApp(services).request("/mcp", init, {});
    const body: unknown = await response.json();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.has("www-authenticate")).toBe(status === 401);
    expect(body).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32_000, data: { code, requestId: expect.any(String) } } });
  });

  it("is no page that was let in", async () => {
    const response = await post(LIST_TOOLS, { origin: "https://app.example.org" }, { allowedOrigins: ["https://app.example.org"] });
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example.org");
  });

  it.each([
    ["broken JSON", "{", 400, "invalid_request"],
    ["JSON nested too deep", "[".repeat(17) + "]".repeat(17), 400, "invalid_request"],
    ["a batch of too many messages", Array(21).fill(LIST_TOOLS), 400, "invalid_request"],
    ["a body that is too large", `"${"a".repeat(100_001)}"`, 413, "payload_too_large"],
  ])("is %s", async (_, body, status, code) => {
    const response = await post(body);
    const told: unknown = await response.json();
    expect(response.status).toBe(status);
    expect(told).toMatchObject({ error: { data: { code } } });
  });

  it("is a version of the protocol that nobody knows", async () => {
    expect((await post(LIST_TOOLS, { "mcp-protocol-version": "1999-01-01" })).status).toBe(400);
  });

  it.each(["GET", "DELETE", "PUT"])("is %s: there are no sessions", async (method) => {
    const response = await createApp(services).request("/mcp", { method, headers: { "x-api-key": CONFIGURED_KEY } }, {});
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("is a subscription, since nothing would ever come of it", async () => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const listen = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params: { notifications: { toolsListChanged: true }, _meta: meta } };
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" };
    const told: unknown = await (await post(listen, headers)).json();
    expect(told).toMatchObject({ error: { code: expect.any(Number) } });
  });
});

describe("a batch", () => {
  it("is answered message by message, each out of the key's budget", async () => {
    const key = await keyWith(["search.run"], 2);
    const call = (id: number) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "search", arguments: { query: "a" } } });
    const response = await post([call(1), call(2), call(3)], { "x-api-key": key, "mcp-protocol-version": "2025-03-26" });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text.match(/"rate_limited"/g)).toHaveLength(1);
    expect(text.match(/"hits":\[\]/g)).toHaveLength(2);
  });
});

describe("a caller who leaves", () => {
  it("ends what was asked", async () => {
    const leaving = new AbortController();
    const ended = Promise.withResolvers<unknown>();
    const app = createApp({
      ...services,
      async *converse({ signal }) {
        yield { type: "sources", sources: [] };
        const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        leaving.abort("left");
        await aborted;
        ended.resolve(signal.aborted);
        throw new RagError("internal", "not seen by anybody");
      },
    });
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: { question: "Who?" } } };
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream", "x-api-key": CONFIGURED_KEY };
    const init = { method: "POST", headers, body: JSON.stringify(call), signal: leaving.signal };
    const response = await app.request(new Request("http://localhost/mcp", init), undefined, {});
    void response.text().catch(() => {});
    expect(await ended.promise).toBe(true);
  });
});
