/** Every operation of the client by its name: what it sends, what it makes of the answer, and what a failure that may pass means for it. */
import { describe, expect, it } from "vitest";
import { createScene, failureOf } from "../test-support/scene.ts";
import type { Client } from "./index.ts";
import { brokenConnection, result, sampleAnswer, sampleJob } from "./testing.ts";

interface Row {
  readonly path: string;
  readonly call: (client: Client) => Promise<unknown>;
  readonly input: unknown;
  /** What the procedure gives. */
  readonly data: unknown;
  /** What the call makes of it; the same unless it is said. */
  readonly given?: unknown;
  readonly isRepeated: boolean;
}

const TIME = "2026-11-24T00:00:00.000Z";
const user = { id: "u1", username: "birk", email: "birk@example.test", isSuperuser: false, createdAt: TIME, disabledAt: null };
const BACKUP = {
  name: "2026-11-24T03-00-00Z",
  path: "/backups/2026-11-24T03-00-00Z",
  snapshotAt: TIME,
  sizeBytes: 1,
  durationSeconds: 0.5,
  recordSeconds: 0.25,
  rows: 1,
  sessions: null,
  encryption: "none",
  isOpened: true,
  isCopied: null,
  removed: [],
  problems: [],
};
const key = {
  id: "k1",
  name: "kiosk",
  prefix: "rag_k1",
  operations: ["chat.ask"],
  pathPrefixes: null,
  requestsPerMinute: null,
  requestsPerDay: 10,
  createdAt: TIME,
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
};
const document = { id: "d1", path: "a.md", title: "A", format: "pdf", contentHash: "c", sourceHash: "s", sizeBytes: 3, updatedAt: TIME };
const receipt = {
  documentId: "d1",
  path: "a.md",
  rows: { documents: 1, chunks: 2 },
  upload: true,
  index: { chunks: 2 },
  vectors: { chunks: "pending", embeddings: 0 },
};
const generation = { generation: 2, embedderId: "e", dimensions: 8 };
const index = {
  search: { documents: 1, chunks: 2, terms: 3, termSpace: 4, dimensions: 5, generation: 6 },
  vectors: { state: "serving", live: generation, chunks: 2 },
  reindex: { state: "succeeded", startedAt: TIME, finishedAt: TIME, error: null },
};
const doctor = {
  record: { documents: 1, chunks: 2 },
  examined: ["vectors"],
  findings: [{ store: "vectors", kind: "missing", count: 1, examples: ["x"] }],
  repaired: [],
};
const session = { id: "s1", createdAt: TIME, updatedAt: TIME };
const turn = { question: "?", standaloneQuestion: "?", answer: "!", answerable: true, citedTitles: ["A"], at: TIME };
const hit = {
  documentId: "d1",
  chunkId: "c1",
  path: "a.md",
  title: "A",
  headingPath: ["A"],
  start: 0,
  end: 1,
  text: "x",
  score: 0.5,
  explanation: { lexical: 0.4 },
};

const query = (path: string, call: Row["call"], input: unknown, data: unknown, given = data): Row => ({
  path,
  call,
  input,
  data,
  given,
  isRepeated: true,
});
/** Doing it twice is doing it once. */
const idempotent = query;
const once = (path: string, call: Row["call"], input: unknown, data: unknown, given = data): Row => ({
  path,
  call,
  input,
  data,
  given,
  isRepeated: false,
});

const ROWS: readonly Row[] = [
  once("chat.ask", ({ chat }) => chat.ask("?"), { question: "?" }, sampleAnswer()),
  query("search", ({ search }) => search("tower"), { query: "tower" }, { hits: [hit], degraded: false }),
  query(
    "search",
    ({ search }) => search({ query: "tower", limit: 3, explain: true }),
    { query: "tower", limit: 3, explain: true },
    { hits: [], degraded: true },
  ),
  query(
    "health",
    ({ health }) => health(),
    {},
    { status: "asleep", components: { a: { status: "healthy", adapter: "x", latencyMs: 1, detail: "d" } } },
  ),
  query(
    "sessions.list",
    ({ sessions }) => sessions.list({ limit: 5, cursor: "here" }).toArray(),
    { limit: 5, cursor: "here" },
    { sessions: [{ ...session, turnCount: 1, lastQuestion: null }], nextCursor: null },
    [{ ...session, turnCount: 1, lastQuestion: null }],
  ),
  query("sessions.get", ({ sessions }) => sessions.get("s1"), { id: "s1" }, { ...session, turns: [turn] }),
  idempotent("sessions.delete", ({ sessions }) => sessions.delete("s1"), { id: "s1" }, undefined),
  query("documents.get", ({ documents }) => documents.get("d1"), { id: "d1" }, { ...document, text: "xyz" }),
  idempotent("documents.delete", ({ documents }) => documents.delete("d1"), { id: "d1" }, receipt),
  query(
    "admin.stats",
    ({ admin }) => admin.stats(),
    {},
    {
      documents: 1,
      chunks: 2,
      terms: 3,
      semanticDimensions: 4,
      indexGeneration: 5,
      feedback: { up: 1, down: 0 },
      answeredBy: "extractive",
      uptimeSeconds: 7,
    },
  ),
  query(
    "admin.ingestJobs",
    ({ admin }) => admin.ingestJobs({ limit: 5, state: "succeeded" }).toArray(),
    { limit: 5, state: "succeeded" },
    { jobs: [sampleJob()], nextCursor: null },
    [sampleJob()],
  ),
  query("admin.ingestStatus", ({ admin }) => admin.ingestStatus("job-1"), { id: "job-1" }, sampleJob()),
  query("admin.users.list", ({ admin }) => admin.users.list(), {}, { users: [user] }, [user]),
  once(
    "admin.users.create",
    ({ admin }) => admin.users.create({ username: "birk", email: "birk@example.test", password: "p" }),
    { username: "birk", email: "birk@example.test", password: "p" },
    user,
  ),
  idempotent("admin.users.disable", ({ admin }) => admin.users.disable("u1"), { id: "u1" }, undefined),
  query("admin.apiKeys.list", ({ admin }) => admin.apiKeys.list(), {}, { apiKeys: [key] }, [key]),
  once(
    "admin.apiKeys.create",
    ({ admin }) => admin.apiKeys.create({ name: "kiosk", operations: ["chat.ask"] }),
    { name: "kiosk", operations: ["chat.ask"] },
    {
      ...key,
      key: "secret",
    },
  ),
  idempotent("admin.apiKeys.revoke", ({ admin }) => admin.apiKeys.revoke("k1"), { id: "k1" }, undefined),
  once("admin.backup", ({ admin }) => admin.backup(), {}, BACKUP),
  once("admin.backup", ({ admin }) => admin.backup({ withoutSessions: true }), { withoutSessions: true }, BACKUP),
  idempotent("admin.breaker.reset", ({ admin }) => admin.breaker.reset(), {}, { state: "CLOSED" }),
  idempotent("admin.cache.clear", ({ admin }) => admin.cache.clear(), {}, { cleared: 2 }),
  query("admin.index", ({ admin }) => admin.index(), {}, index),
  once("admin.reindex", ({ admin }) => admin.reindex(), {}, { ...index, vectors: null, reindex: null }),
  once("admin.switchBack", ({ admin }) => admin.switchBack(), {}, { live: generation }),
  once("admin.dropPrevious", ({ admin }) => admin.dropPrevious(), {}, undefined),
  query("admin.doctor.examine", ({ admin }) => admin.doctor.examine(), {}, doctor),
  once("admin.doctor.repair", ({ admin }) => admin.doctor.repair(), {}, doctor),
];

describe.each(ROWS)("$path", ({ path, call, input, data, given, isRepeated }) => {
  it("sends its input and gives its result", async () => {
    const { client, requests, time } = createScene([result(data)]);
    expect(await call(client)).toEqual(given);
    expect(requests).toMatchObject([{ url: `http://rag.test/base/trpc/${path}`, method: "POST", headers: { "content-type": "application/json" } }]);
    expect(requests[0]?.body).toEqual(input);
    expect(time.pending()).toBe(0);
  });

  it(isRepeated ? "is repeated after a connection that broke" : "is not repeated when it may have been done", async () => {
    const { client, requests, time } = createScene([brokenConnection(), result(data)]);
    const outcome = call(client).catch((error: unknown) => error);
    await time.advance(1_000);
    expect(requests).toHaveLength(isRepeated ? 2 : 1);
    if (isRepeated) expect(await outcome).toEqual(given);
    else expect(await outcome).toMatchObject({ code: "connection_failed" });
  });
});

describe("an answer of another shape", () => {
  const wrong = ROWS.filter(({ data }) => data !== undefined);

  it.each(wrong)("is refused: $path", async ({ call }) => {
    for (const data of [undefined, null, "text", {}, []]) {
      const { client } = createScene([result(data)]);
      expect(await failureOf(call(client))).toMatchObject({ name: "BadResponseError", status: 200, requestId: "request-1" });
    }
  });
});
