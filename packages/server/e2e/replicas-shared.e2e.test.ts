/** Two servers over one PostgreSQL and one Redis: a session, a budget, a limit and a credential are the same on both. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeLlmServer, startFakeLlmServer } from "../test-support/fake-llm-server.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { type Replica, startReplica } from "../test-support/replicas.ts";
import { temporaryDirectory } from "../test-support/running-server.ts";

const CALLS_PER_MINUTE = 12;
const DOCS = join(import.meta.dirname, "../../../examples/documents");

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: PostgresServer;
let redis: RedisServer;
let llm: FakeLlmServer;
let replicas: readonly [Replica, Replica];

beforeAll(async () => {
  folder = await temporaryDirectory();
  [postgres, redis, llm] = await Promise.all([startPostgresServer(), startRedisServer(), startFakeLlmServer()]);
  const environment = {
    DOCS_DIR: DOCS,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    EXPECTED_REPLICAS: "2",
    LLM_BASE_URL: llm.baseUrl,
    LLM_MODEL: "test-model",
    LLM_API_KEY: "test",
    LLM_REQUESTS_PER_MINUTE: String(CALLS_PER_MINUTE),
    LLM_BUDGET_WAIT_MS: "0",
    LLM_FALLBACK: "extractive",
  };
  replicas = [await startReplica(folder.path, "a", environment), await startReplica(folder.path, "b", environment)];
});
afterAll(async () => {
  await Promise.all(replicas.map(({ server }) => server.stop()));
  await Promise.all([postgres.remove(), redis.remove(), llm.close()]);
  await folder.remove();
});

const at = (number: number): Replica => replicas[number % 2 === 0 ? 0 : 1];

describe("two servers over one PostgreSQL and one Redis", () => {
  it("let a conversation go on with every turn, whichever of them is asked", async () => {
    let sessionId: string | undefined;
    const questions = ["Why is the goat called Admiral?", "And what does it eat?", "Who built the tower?", "When does the library open?"];
    for (const [number, question] of questions.entries()) {
      const { status, body } = await at(number).api.client("POST", "/chat", { body: { question, ...(sessionId && { sessionId }) } });
      expect(status).toBe(200);
      sessionId ??= body.sessionId;
      expect(body.sessionId).toBe(sessionId);
    }
    for (const { api } of replicas) {
      const { body } = await api.client("GET", `/sessions/${sessionId}`);
      expect(body.turns.map(({ question }: { question: string }) => question)).toEqual(questions);
    }
  });

  it("call the model no more often together than one of them may", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        at(number).api.client("POST", "/chat", {
          body: { question: "Why is the goat called Admiral?", filters: { pathPrefixes: ["handbook/", `${number}/`] } },
        }),
      ),
    );
    expect(answers.every(({ status, body }) => status === 200 && body.answerable)).toBe(true);
    const calls = llm.requests.filter(({ method }) => method === "POST").length;
    expect(calls).toBeLessThanOrEqual(CALLS_PER_MINUTE);
    expect(calls).toBeGreaterThan(CALLS_PER_MINUTE / 2);
  });

  it("count the requests of a key together, and know at once or within seconds that it was revoked", async () => {
    const [a, b] = replicas;
    const { body: made } = await a.api.admin("POST", "/admin/api-keys", { body: { name: "shared", requestsPerMinute: 10 } });
    const search = async (replica: Replica): Promise<number> =>
      (await replica.api.stranger("POST", "/search", { body: { query: "goat" }, headers: { "x-api-key": made.key } })).status;
    await expect.poll(() => search(b), { timeout: 6_000 }).toBe(200);
    const statuses: number[] = [];
    for (let number = 0; number < 30; number += 1) statuses.push(await search(at(number)));
    const allowed = statuses.filter((status) => status === 200).length;
    expect(allowed).toBeLessThanOrEqual(10);
    expect(allowed).toBeGreaterThan(5);
    await a.api.admin("DELETE", `/admin/api-keys/${made.id}`);
    expect(await search(a)).toBe(401);
    await expect.poll(() => search(b), { timeout: 6_000 }).toBe(401);
  });
});
