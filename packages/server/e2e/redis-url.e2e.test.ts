/** With REDIS_URL: sessions, cached answers and the budget are shared, and the loss of Redis fails no question. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const PASSWORD = "the-secret-of-redis";
const PROTECTED = ["--requirepass", PASSWORD];

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let redis: RedisServer;
let server: RunningServer;
let api: Api;

async function start(): Promise<void> {
  server = await startServer({ DATA_DIR: join(folder.path, "data"), REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:${redis.port}`, LOG_LEVEL: "debug" });
  api = await connectApi(server);
}

beforeAll(async () => {
  folder = await temporaryDirectory();
  redis = await startRedisServer(PROTECTED);
  await start();
});
afterAll(async () => {
  await server.stop();
  await redis.remove();
  await folder.remove();
});

const ask = (question: string, more: Record<string, unknown> = {}) => api.client("POST", "/chat", { body: { question, ...more } });
const metric = async (name: string): Promise<string | undefined> =>
  new RegExp(`^${name} (\\S+)$`, "m").exec((await api.stranger("GET", "/metrics")).body)?.[1];
const countInLog = (text: string): number => server.output().split(text).length - 1;

describe("with Redis", () => {
  it("says so, and answers the same question from the shared cache", async () => {
    const { body } = await api.client("GET", "/health/detailed");
    expect(body.components).toMatchObject({
      redis: { status: "healthy", detail: expect.stringContaining("Redis ") },
      sessions: { adapter: "redis" },
    });
    const { body: first } = await ask("Who designed the tower?");
    expect((await ask("Who designed the tower?")).body.answer).toBe(first.answer);
    expect(await metric('rag_redis_state\\{state="ready"\\}')).toBe("1");
  });

  it("keeps a session over a restart of the server", async () => {
    const { body: first } = await ask("Who designed the tower?");
    await server.stop();
    await start();
    const { body: session } = await api.client("GET", `/sessions/${first.sessionId}`);
    expect(session.turns).toHaveLength(1);
  });

  it("goes on in memory while Redis is away, says so once, and moves everything back", async () => {
    const { body: before } = await ask("Who designed the tower?");
    await redis.kill();
    const { status, body: during } = await ask("And what did it cost?", { sessionId: before.sessionId });
    expect([status, during.sessionId]).toEqual([200, before.sessionId]);
    expect(JSON.stringify(during.citations)).toContain("86,000 crowns");
    const { body: begun } = await ask("How many steps does the tower have?");
    expect((await ask("How many steps does the tower have?", { sessionId: begun.sessionId })).status).toBe(200);
    await expect.poll(() => countInLog("FALLBACK ACTIVATED")).toBe(1);
    expect(await metric("rag_session_fallback_active")).toBe("1");
    expect((await api.stranger("GET", "/health/detailed")).body).toMatchObject({
      status: "degraded",
      components: { redis: { status: "unhealthy" }, sessions: { status: "unhealthy" }, postgres: { status: "healthy" } },
    });
    expect((await api.stranger("GET", "/health/ready")).status).toBe(200);

    await redis.restart(PROTECTED);
    await expect.poll(() => metric("rag_sessions_unsaved"), { timeout: 10_000 }).toBe("0");
    await server.stop();
    await start();
    expect((await api.client("GET", `/sessions/${before.sessionId}`)).body.turns).toHaveLength(2);
    expect((await api.client("GET", `/sessions/${begun.sessionId}`)).body.turns).toHaveLength(2);
  });

  it("starts while Redis is away, and takes it up when it comes", async () => {
    await server.stop();
    await redis.kill();
    await start();
    expect((await ask("Who designed the tower?")).status).toBe(200);
    await redis.restart(PROTECTED);
    await expect.poll(async () => (await api.stranger("GET", "/health/detailed")).body.components.redis.status, { timeout: 10_000 }).toBe("healthy");
  });

  it("leaves no password of Redis in the log, also when that is wrong", async () => {
    expect(server.output()).not.toContain(PASSWORD);
    const other = await startServer({
      DATA_DIR: join(folder.path, "other"),
      REDIS_URL: `redis://:wrong-${PASSWORD}@127.0.0.1:${redis.port}`,
      LOG_LEVEL: "debug",
    });
    await expect.poll(() => other.output()).toContain("REDIS DENIES ACCESS");
    await other.stop();
    expect(other.output()).not.toContain(PASSWORD);
  });
});
