/** Every route of the REST API on a running server, as its users call it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@rag-personal/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const FILES: Readonly<Record<string, string>> = {
  "people/lund.md": "# Ada Lund\n\nAda Lund built the tower in 1912. She lived in Visby and kept bees.\n\n## Her boat\n\nHer boat was called Petrel.",
  "people/birk.md": "# Jonas Birk\n\nJonas Birk repaired the clock in 1954. He was a watchmaker from Lund.",
  "recipes/soup.md": "# Fish soup\n\nBoil two cod heads with leeks for forty minutes. Serve the soup with rye bread.",
  "recipes/copy-of-soup.md": "# Fish soup\n\nBoil two cod heads with leeks for forty minutes. Serve the soup with rye bread.",
};

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let docs: string;
let server: RunningServer;
let api: Api;

beforeAll(async () => {
  folder = await temporaryDirectory();
  docs = join(folder.path, "docs");
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(docs, path, ".."), { recursive: true });
    await writeFile(join(docs, path), text);
  }
  server = await startServer({ DATA_DIR: join(folder.path, "data"), DOCS_DIR: docs, LOG_LEVEL: "debug" });
  api = await connectApi(server);
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const ask = (question: string, more: Record<string, unknown> = {}) => api.client("POST", "/chat", { body: { question, ...more } });

describe("POST /chat", () => {
  it("answers with a citation that the stored text confirms", async () => {
    const { status, body, headers } = await ask("Who built the tower?");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      answerable: true,
      answeredBy: "extractive",
      degraded: false,
      nearMisses: [],
      requestId: headers.get("x-request-id"),
    });
    const [citation] = body.citations;
    expect(citation).toMatchObject({
      number: 1,
      path: "people/lund.md",
      title: "Ada Lund",
      headingPath: ["Ada Lund"],
      quote: expect.stringContaining("built the tower in 1912"),
    });
    const { body: document } = await api.admin("GET", `/documents/${citation.documentId}`);
    expect(document.text.slice(citation.start, citation.end)).toBe(citation.quote);
    expect(document.contentHash).toBe(citation.contentHash);
    expect(citation.score).toBeGreaterThan(0);
  });

  it("says that it is not in the documents, and what came closest", async () => {
    const { status, body } = await ask("Who repaired the rocket engine of the Saturn V?");
    expect(status).toBe(200);
    expect(body).toMatchObject({ answerable: false, answeredBy: "gate", citations: [] });
    expect(body.answer).toMatch(/not in your documents/i);
    for (const miss of body.nearMisses) expect(miss).toMatchObject({ path: expect.any(String), text: expect.any(String), score: expect.any(Number) });
  });

  it("understands a follow-up from the turns of its session, and decides afresh", async () => {
    const { body: first } = await ask("Who repaired the clock?");
    const { body: second } = await ask("And where was he from?", { sessionId: first.sessionId });
    expect(second.sessionId).toBe(first.sessionId);
    expect(second).toMatchObject({ answerable: true, citations: expect.arrayContaining([expect.objectContaining({ path: "people/birk.md" })]) });
    expect(JSON.stringify(second.citations)).toContain("watchmaker from Lund");
    const { body: third } = await ask("What is the boiling point of tungsten?", { sessionId: first.sessionId });
    expect(third.answerable).toBe(false);
  });

  it("streams the same answer as server-sent events, by field or by Accept header", async () => {
    for (const { more, headers } of [
      { more: { stream: true }, headers: {} },
      { more: {}, headers: { accept: "text/event-stream" } },
    ]) {
      const { body, headers: received } = await api.client("POST", "/chat", { body: { question: "Who built the tower?", ...more }, headers });
      expect(received.get("content-type")).toBe("text/event-stream; charset=utf-8");
      const names = [...body.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
      expect(names.slice(0, 2)).toEqual(["session", "sources"]);
      expect(names.at(-1)).toBe("done");
      const blocks: string[] = body.split("\n\n").filter((block: string) => block.includes("data: "));
      const data = blocks.map((block) => JSON.parse(block.slice(block.indexOf("data: ") + 6)));
      const written = data
        .filter((_, index) => names[index] === "delta")
        .map(({ text }) => text)
        .join("");
      expect(written).toBe(data.at(-1).answer);
    }
  });

  it("looks only where the filters allow", async () => {
    const { body } = await ask("Who built the tower?", { filters: { pathPrefixes: ["recipes/"] } });
    expect(body.answerable).toBe(false);
    const { body: found } = await ask("Who built the tower?", { filters: { pathPrefixes: ["people/"] } });
    expect(found.citations[0].path).toBe("people/lund.md");
  });

  it("serves the SDK: whole, streamed, and refused", async () => {
    const client = createClient({ baseUrl: server.address, apiKey: api.apiKey });
    const answer = await client.chat.ask("Who built the tower?");
    expect(answer.citations[0]?.path).toBe("people/lund.md");
    const stream = client.chat.stream("Who built the tower?");
    expect(await stream.text()).toBe(answer.answer);
    expect((await stream.final()).citations).toEqual(answer.citations);
    const stranger = createClient({ baseUrl: server.address, apiKey: "wrong" });
    await expect(stranger.chat.ask("Who built the tower?")).rejects.toMatchObject({ code: "unauthenticated", status: 401 });
    await expect(stranger.chat.stream("Who built the tower?").final()).rejects.toMatchObject({ code: "unauthenticated", status: 401 });
  });
});

describe("POST /search", () => {
  it("gives the best chunks first, with their place, and leaves out near-duplicates", async () => {
    const { body } = await api.client("POST", "/search", { body: { query: "cod heads with leeks", limit: 10 } });
    expect(body.hits[0]).toMatchObject({ path: expect.stringMatching(/^recipes\//), title: "Fish soup", headingPath: ["Fish soup"], start: 0 });
    expect(body.hits.filter((hit: { path: string }) => hit.path.startsWith("recipes/"))).toHaveLength(1);
    const scores = body.hits.map((hit: { score: number }) => hit.score);
    expect(scores).toEqual([...scores].sort((left, right) => right - left));
  });

  it("explains its scores when asked to", async () => {
    const { body } = await api.client("POST", "/search", { body: { query: "tower", explain: true } });
    expect(Object.keys(body.hits[0].explanation).length).toBeGreaterThan(3);
  });
});

describe("/sessions", () => {
  it("lists, shows and deletes the key's own conversations", async () => {
    const { body: answer } = await ask("Who built the tower?");
    const path = `/sessions/${answer.sessionId}`;
    const { body: list } = await api.client("GET", "/sessions");
    expect(list.sessions[0]).toMatchObject({ id: answer.sessionId, turnCount: 1, lastQuestion: "Who built the tower?" });
    const { body: session } = await api.client("GET", path);
    expect(session.turns).toMatchObject([{ question: "Who built the tower?", answer: answer.answer, answerable: true }]);
    expect((await api.client("DELETE", path)).status).toBe(204);
    expect((await api.client("GET", path)).status).toBe(404);
  });

  it("lists them page by page, the most recently used first", async () => {
    const { body: key } = await api.admin("POST", "/admin/api-keys", { body: { name: "pages" } });
    const headers = { "x-api-key": key.key };
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const { body } = await api.stranger("POST", "/chat", { headers, body: { question: "Who built the tower?" } });
      ids.unshift(body.sessionId);
    }
    const list = async (query: string) => (await api.stranger("GET", `/sessions?${query}`, { headers })).body;
    const idsOf = ({ sessions }: { sessions: readonly { id: string }[] }) => sessions.map(({ id }) => id);
    const whole = await list("");
    expect([idsOf(whole).toSorted(), whole.nextCursor]).toEqual([ids.toSorted(), null]);
    const first = await list("limit=2");
    const second = await list(`limit=2&cursor=${first.nextCursor}`);
    expect([idsOf(first), idsOf(second), second.nextCursor]).toEqual([idsOf(whole).slice(0, 2), idsOf(whole).slice(2), null]);
    for (const query of ["limit=0", "limit=1001", "limit=x", "cursor=", "cursor=YWJj", "page=2"])
      expect((await list(query)).code).toBe("invalid_request");
  });

  it("answers for somebody else's session exactly as for one that never was", async () => {
    const { body: answer } = await ask("Who built the tower?");
    for (const [method, suffix] of [
      ["GET", ""],
      ["DELETE", ""],
    ] as const) {
      const others = await api.admin(method, `/sessions/${answer.sessionId}${suffix}`);
      const none = await api.admin(method, `/sessions/00000000-0000-4000-8000-000000000000${suffix}`);
      const { requestId: _, ...othersBody } = others.body;
      const { requestId: __, ...noneBody } = none.body;
      expect([others.status, othersBody]).toEqual([404, noneBody]);
    }
    const asked = await api.admin("POST", "/chat", { body: { question: "Who built the tower?", sessionId: answer.sessionId } });
    expect(asked).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});

describe("POST /feedback", () => {
  it("keeps a judgement, and counts the same id once", async () => {
    const id = "7b0c1f5e-91ad-4c22-8a5f-2f3f0d9e6a11";
    const before = (await api.admin("GET", "/admin/stats")).body.feedback.up;
    for (let time = 0; time < 2; time += 1) {
      const { status, body } = await api.client("POST", "/feedback", { body: { id, rating: "up", comment: "Good \u0000 and \ud800 odd" } });
      expect([status, body]).toEqual([201, { id, stored: true }]);
    }
    expect((await api.admin("GET", "/admin/stats")).body.feedback.up).toBe(before + 1);
  });
});

describe("/ingest and /documents", () => {
  it("follows the folder: added, changed, removed, set aside, and nothing again", async () => {
    await writeFile(join(docs, "new.md"), "# Bees\n\nThe hive has three queens.");
    await writeFile(join(docs, "people/birk.md"), "# Jonas Birk\n\nJonas Birk repaired the barometer in 1960.");
    await writeFile(join(docs, "broken.md"), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0]));
    const job = await api.ingest();
    expect(job).toMatchObject({ state: "succeeded", counts: { added: 1, changed: 1, removed: 0, unchanged: 3, failed: 1 }, error: null });
    expect(job.files).toContainEqual(
      expect.objectContaining({ path: "broken.md", outcome: "failed", stage: "decode", reason: expect.stringMatching(/PNG/) }),
    );
    expect((await ask("How many queens has the hive?")).body.citations[0].path).toBe("new.md");
    expect((await ask("Who repaired the clock?")).body.citations.map(({ path }: { path: string }) => path)).not.toContain("people/birk.md");

    const { rm } = await import("node:fs/promises");
    await rm(join(docs, "new.md"));
    await rm(join(docs, "broken.md"));
    expect((await api.ingest()).counts).toMatchObject({ removed: 1, failed: 0 });
    expect((await ask("How many queens has the hive?")).body.answerable).toBe(false);
    expect((await api.ingest()).counts).toEqual({ added: 0, changed: 0, removed: 0, unchanged: 4, failed: 0 });
  });

  it("shows the progress of a job as events, to its end", async () => {
    const { status, body: job, headers } = await api.admin("POST", "/ingest");
    expect([status, headers.get("location")]).toEqual([202, `/ingest/${job.id}`]);
    const { body } = await api.admin("GET", `/ingest/${job.id}`, { headers: { accept: "text/event-stream" } });
    expect(body).toMatch(/event: done\ndata: .*"state":"succeeded"/);
  });

  it("lists jobs page by page, the last begun first", async () => {
    const begun = await api.ingest();
    const { body: first } = await api.admin("GET", "/ingest?limit=1");
    const { files: _, ...summary } = begun;
    expect(first).toEqual({ jobs: [summary], nextCursor: expect.any(String) });
    const { body: second } = await api.admin("GET", `/ingest?state=succeeded&cursor=${first.nextCursor}`);
    expect(second.nextCursor).toBeNull();
    expect(second.jobs.length).toBeGreaterThan(0);
    expect(second.jobs.map(({ id }: { id: string }) => id)).not.toContain(begun.id);
    expect((await api.admin("GET", "/ingest?state=running")).body).toEqual({ jobs: [], nextCursor: null });
    for (const query of ["limit=0", "state=gone", "cursor=YWJj"]) {
      expect((await api.admin("GET", `/ingest?${query}`)).body.code).toBe("invalid_request");
    }
  });

  it("lists documents page by page, in the order of their paths", async () => {
    const { body: whole } = await api.client("GET", "/documents");
    const paths = whole.documents.map(({ path }: { path: string }) => path);
    expect([whole.nextCursor, paths.length, paths.toSorted()]).toEqual([null, 4, paths]);
    const listed: string[] = [];
    for (let query = "?limit=1"; ; ) {
      const { body } = await api.client("GET", `/documents${query}`);
      expect(body.documents).toHaveLength(1);
      listed.push(body.documents[0].path);
      if (body.nextCursor === null) break;
      query = `?limit=1&cursor=${body.nextCursor}`;
    }
    expect(listed).toEqual(paths);
    const { body: people } = await api.client("GET", "/documents?pathPrefix=people/&limit=1");
    expect(people).toMatchObject({ documents: [{ path: expect.stringMatching(/^people\//) }], nextCursor: expect.any(String) });
    for (const query of ["limit=0", "limit=1001", "limit=x", "cursor=", "cursor=%2B", "cursor=_w", "pathPrefix=", "page=2"]) {
      expect((await api.client("GET", `/documents?${query}`)).body.code).toBe("invalid_request");
    }
  });

  it("lists documents, shows one, and deletes it from every store with a receipt", async () => {
    const { body: list } = await api.admin("GET", "/documents");
    const soup = list.documents.find(({ path }: { path: string }) => path === "recipes/soup.md");
    expect(soup).toMatchObject({ title: "Fish soup", format: "markdown", chunkCount: 1 });
    expect(soup).not.toHaveProperty("text");
    const receipt = await api.admin("DELETE", `/documents/${soup.id}`);
    expect(receipt).toMatchObject({
      status: 200,
      body: { documentId: soup.id, path: "recipes/soup.md", rows: { documents: 1, chunks: 1 }, index: { chunks: 1 } },
    });
    expect((await api.admin("GET", `/documents/${soup.id}`)).status).toBe(404);
    expect((await api.admin("DELETE", `/documents/${soup.id}`)).status).toBe(404);
    const { body } = await api.client("POST", "/search", { body: { query: "cod heads with leeks" } });
    expect(body.hits.map(({ path }: { path: string }) => path)).not.toContain("recipes/soup.md");
  });
});

describe("/health and /metrics", () => {
  it("tells strangers status words and holders of a credential the details", async () => {
    expect((await api.stranger("GET", "/health")).body).toEqual({ status: "healthy" });
    expect((await api.stranger("GET", "/health/live")).body).toEqual({ status: "alive" });
    expect((await api.stranger("GET", "/health/ready")).body).toEqual({ status: "ready" });
    const { body: public_ } = await api.stranger("GET", "/health/detailed");
    expect(public_.components.postgres).toEqual({ status: "healthy" });
    const { body: known } = await api.client("GET", "/health/detailed");
    expect(known.components.postgres).toMatchObject({
      status: "healthy",
      adapter: "pglite",
      latencyMs: expect.any(Number),
      detail: expect.stringContaining("PostgreSQL"),
    });
    expect(known.components.languageModel.adapter).toBe("extractive");
  });

  it("exposes the metrics of the runbook, with route patterns and never raw paths", async () => {
    await api.client("GET", "/sessions/a-secret-id");
    await api.stranger("GET", "/no/such/route");
    const { body } = await api.stranger("GET", "/metrics");
    for (const name of [
      "http_requests_total",
      "http_request_duration_seconds_bucket",
      'rag_llm_latency_seconds_count{outcome="success"} 0',
      "rag_cache_hits_total",
      "rag_circuit_breaker_state 0",
      'rag_circuit_breaker_transitions_total{from="CLOSED",to="OPEN"} 0',
      "rag_rate_limit_remaining 28",
      'rag_stage_duration_seconds_count{stage="retrieve"}',
    ]) {
      expect(body).toContain(name);
    }
    expect(body).toMatch(/http_requests_total\{method="GET",route="\/sessions\/:id",status="404"\} \d+/);
    expect(body).toMatch(/http_requests_total\{method="GET",route="unmatched",status="404"\} \d+/);
    expect(body).not.toContain("a-secret-id");
    expect(body).not.toContain("no/such");
  });

  it("gives the same question from the cache, and counts it", async () => {
    const hits = async (): Promise<number> => Number(/^rag_cache_hits_total\{.*\} (\d+)$/m.exec((await api.stranger("GET", "/metrics")).body)?.[1]);
    const { body: first } = await ask("Where did Ada Lund live?");
    const before = await hits();
    const { body: second } = await ask("where did  Ada Lund live?");
    expect(await hits()).toBe(before + 1);
    expect(second).toMatchObject({ answer: first.answer, citations: first.citations });
    expect(second.sessionId).not.toBe(first.sessionId);

    expect((await api.admin("POST", "/admin/cache/clear")).body.cleared).toBeGreaterThan(0);
    await ask("Where did Ada Lund live?");
    expect(await hits()).toBe(before + 1);
  });
});

describe("the log", () => {
  it("has one line per request with the request id of its response, and no secret", async () => {
    const { headers } = await api.client("GET", "/sessions", { headers: { "x-request-id": "my-own-id.7" } });
    expect(headers.get("x-request-id")).toBe("my-own-id.7");
    const lines = () =>
      server
        .output()
        .split("\n")
        .filter((line) => line.includes('"requestId":"my-own-id.7"'))
        .map((line): unknown => JSON.parse(line));
    // The line is written after the response is on its way.
    await expect.poll(lines).toMatchObject([{ method: "GET", route: "/sessions", status: 200, msg: "request" }]);
    const { secretKey } = await server.secrets();
    expect(server.output()).not.toContain(secretKey);
    const afterBanner = server.output().slice(server.output().indexOf("In use:"));
    expect(afterBanner).not.toContain(api.apiKey);
    expect(afterBanner).not.toContain(api.adminPassword);
  });
});
