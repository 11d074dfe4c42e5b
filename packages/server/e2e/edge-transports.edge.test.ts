/** What a worker serves beside plain questions: streams, tRPC, and refusals of what it cannot do. */
import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleEdge, EDGE_SECRETS, type EdgeWorker, startEdgeWorker } from "../test-support/edge-worker.ts";
import { makeSmallSnapshot } from "../test-support/small-snapshot.ts";
import { createTrpcTestClient } from "../test-support/trpc-client.ts";

const TEXTS = {
  "lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.",
  "owl.md": "# The owl\n\nThe owl sleeps in the barn until dusk.",
};

let worker: EdgeWorker;
let adminToken: string;

beforeAll(async () => {
  worker = await startEdgeWorker(await bundleEdge(), {
    bindings: { ...EDGE_SECRETS, LOG_LEVEL: "error", CORS_ORIGINS: "https://app.example.org" },
    kvNamespaces: ["SNAPSHOT"],
  });
  await worker.put("namespace", "SNAPSHOT", "knowledge.bin", await makeSmallSnapshot(TEXTS));
  const login = await worker.send("POST", "/auth/token", {
    rawBody: new URLSearchParams({ username: "admin", password: EDGE_SECRETS.ADMIN_PASSWORD }).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  adminToken = login.body.access_token;
});
afterAll(() => worker?.dispose());

const trpcWith = (headers: Readonly<Record<string, string>>) => createTrpcTestClient(worker.address, headers);
const withKey = () => trpcWith({ "x-api-key": EDGE_SECRETS.API_KEY });
const asAdmin = () => trpcWith({ authorization: `Bearer ${adminToken}` });
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof TRPCClientError ? error.data?.code : error),
  );

describe("a stream", () => {
  it("tells the session, the sources, the text and the whole answer", async () => {
    const { status, headers, body } = await worker.client("POST", "/chat", { body: { question: "Who built the tower?", stream: true } });
    expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    const events = [...String(body).matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => ({ name, data: JSON.parse(data ?? "") }));
    expect([...new Set(events.map(({ name }) => name))]).toEqual(["session", "sources", "delta", "done"]);
    const text = events.flatMap(({ name, data }) => (name === "delta" ? [data.text] : [])).join("");
    const done = events.at(-1)?.data;
    expect(text).toBe(done.answer);
    expect(done.citations[0].quote).toContain("built the tower in 1912");
  });

  it("that cannot begin is an ordinary refusal", async () => {
    const refused = await worker.client("POST", "/chat", { body: { question: "Who?", sessionId: "unknown", stream: true } });
    expect(refused).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});

describe("the client of tRPC", () => {
  it("asks, follows up, searches several things at once, and is refused with the code of core", async () => {
    const client = withKey();
    const { sessionId, citations } = await client.chat.ask.mutate({ question: "Who built the tower?" });
    expect(citations[0]?.quote).toContain("built the tower in 1912");
    expect((await client.chat.ask.mutate({ question: "Where did she live?", sessionId })).sessionId).toBe(sessionId);
    const [health, found, session] = await Promise.all([
      client.health.query(),
      client.search.query({ query: "owl" }),
      client.sessions.get.query({ id: sessionId }),
    ]);
    expect([health.status, found.hits[0]?.path, session.turns.length]).toEqual(["healthy", "owl.md", 2]);
    expect(await codeOf(trpcWith({}).chat.ask.mutate({ question: "Who?" }))).toBe("unauthenticated");
    expect(await codeOf(client.admin.stats.query())).toBe("forbidden");
    expect(await codeOf(client.chat.feedback.mutate({ rating: "up" }))).toBe("not_supported");
  });

  it("reads an answer as it is written", async () => {
    const types: string[] = [];
    const answer = await new Promise<string>((resolve, reject) => {
      const subscription = withKey().chat.stream.subscribe(
        { question: "Where does the owl sleep?" },
        {
          onData(event) {
            types.push(event.type);
            if (event.type !== "done") return;
            resolve(event.answer.answer);
            subscription.unsubscribe();
          },
          onError: reject,
        },
      );
    });
    expect(answer).toContain("sleeps in the barn");
    expect([...new Set(types)]).toEqual(["session", "sources", "delta", "done"]);
  });

  it("reads the documents of the snapshot as the administrator", async () => {
    const { documents } = await asAdmin().documents.list.query({});
    expect(documents.map(({ path, chunkCount }) => [path, chunkCount])).toEqual([
      ["lund.md", 1],
      ["owl.md", 1],
    ]);
    const [first] = documents;
    expect((await asAdmin().documents.get.query({ id: first?.id ?? "" })).text).toBe(TEXTS["lund.md"]);
  });
});

describe("the part of OpenAI's API", () => {
  it("answers, and embeds with the space of the snapshot, from the first request on", async () => {
    expect((await worker.client("GET", "/v1/models")).body.data.length).toBeGreaterThan(0);
    const { body: embedded } = await worker.client("POST", "/v1/embeddings", { body: { model: "rag-embeddings", input: "the owl" } });
    expect(embedded.data[0].embedding.length).toBeGreaterThan(0);
    const messages = [{ role: "user", content: "Where does the owl sleep?" }];
    const { status, body } = await worker.client("POST", "/v1/chat/completions", { body: { model: "rag", messages } });
    expect([status, body.choices?.[0]?.message.content]).toEqual([200, expect.stringContaining("sleeps in the barn")]);
  });
});

describe("an MCP host", () => {
  const call = (method: string, params: object) =>
    worker.client("POST", "/mcp", {
      body: { jsonrpc: "2.0", id: 1, method, params },
      headers: { accept: "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18" },
    });

  it("finds the tools and asks", async () => {
    expect(JSON.stringify((await call("tools/list", {})).body)).toContain("ask");
    const { status, body } = await call("tools/call", { name: "ask", arguments: { question: "Where does the owl sleep?" } });
    expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining("sleeps in the barn")]);
  });
});

describe("what a worker cannot do", () => {
  const password = "a whole new password";
  it.each([
    ["POST", "/ingest", undefined],
    ["GET", "/ingest", undefined],
    ["GET", "/ingest/job-1", undefined],
    ["DELETE", "/documents/doc_1", undefined],
    ["POST", "/documents?path=a.md", { any: "file" }],
    ["GET", "/admin/snapshot", undefined],
    ["POST", "/admin/index/reindex", undefined],
    ["POST", "/admin/index/switch-back", undefined],
    ["DELETE", "/admin/index/previous", undefined],
    ["GET", "/admin/doctor", undefined],
    ["POST", "/admin/doctor/repair", undefined],
    ["POST", "/admin/api-keys", { name: "another" }],
    ["GET", "/admin/api-keys", undefined],
    ["DELETE", "/admin/api-keys/0000000000000000", undefined],
    ["POST", "/admin/users", { username: "eve", email: "eve@example.org", password }],
    ["GET", "/admin/users", undefined],
    ["POST", "/admin/users/user-1/disable", undefined],
    ["POST", "/auth/password", { oldPassword: EDGE_SECRETS.ADMIN_PASSWORD, newPassword: password }],
    ["POST", "/feedback", { rating: "up" }],
    ["GET", "/metrics", undefined],
  ])("it says of %s %s with a code of its own, to whoever might do it", async (method, path, body) => {
    const headers = { authorization: `Bearer ${adminToken}` };
    const request = body === undefined ? { headers } : { headers, body };
    const refusal = await worker.send(method, path, request);
    expect(refusal).toMatchObject({ status: 501, body: { code: "not_supported", detail: expect.stringMatching(/^A worker at the edge /) } });
    expect(refusal.headers.get("retry-after")).toBeNull();
    expect(await worker.send(method, path, body === undefined ? {} : { body })).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  });

  it("it does not say of what it can", async () => {
    const headers = { authorization: `Bearer ${adminToken}` };
    for (const [method, path] of [
      ["GET", "/admin/stats"],
      ["GET", "/admin/index"],
      ["GET", "/documents"],
      ["POST", "/admin/breaker/reset"],
      ["POST", "/admin/cache/clear"],
    ] as const) {
      expect([path, (await worker.send(method, path, { headers })).status]).toEqual([path, 200]);
    }
  });
});

describe("pages of other origins", () => {
  it("may ask if they are listed", async () => {
    const preflight = (origin: string) =>
      worker.send("OPTIONS", "/chat", {
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-api-key" },
      });
    expect((await preflight("https://app.example.org")).headers.get("access-control-allow-origin")).toBe("https://app.example.org");
    expect((await preflight("https://other.example.org")).headers.get("access-control-allow-origin")).toBeNull();
  });
});
