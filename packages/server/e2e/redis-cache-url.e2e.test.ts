/** With REDIS_CACHE_URL the cached answers are apart: emptying their database, or losing it, takes nothing else along. */
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { runRag } from "../test-support/rag-command.ts";
import { type RedisServer, startRedisServer } from "../test-support/redis-server.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder.remove());

const ask = (api: Api, question: string) => api.client("POST", "/chat", { body: { question } });
async function metric(api: Api, name: string): Promise<number> {
  const { body } = await api.stranger("GET", "/metrics");
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(body)?.[1]);
}
const hits = (api: Api): Promise<number> => metric(api, 'rag_cache_hits_total\\{cache="response"\\}');

describe("in another database of one Redis", () => {
  let redis: RedisServer;
  let cacheDatabase: Redis;
  let servers: RunningServer[];
  let apis: Api[];
  let settings: { REDIS_URL: string; REDIS_CACHE_URL: string };
  beforeAll(async () => {
    redis = await startRedisServer();
    settings = { REDIS_URL: `${redis.url}/1`, REDIS_CACHE_URL: `${redis.url}/0` };
    cacheDatabase = new Redis(settings.REDIS_CACHE_URL);
    servers = await Promise.all(["one", "two"].map((name) => startServer({ DATA_DIR: join(folder.path, name), ...settings })));
    apis = await Promise.all(servers.map(connectApi));
  });
  afterAll(async () => {
    cacheDatabase.disconnect();
    for (const server of servers) await server.stop();
    await redis.remove();
  });

  /** What must be there after the answers have gone, and what says so. */
  async function keep(api: Api) {
    const { body: first } = await ask(api, "Why is the goat called Admiral?");
    const { body: key } = await api.admin("POST", "/admin/api-keys", { body: { name: "two a day", requestsPerDay: 2 } });
    const spend = async () => (await api.stranger("GET", "/documents", { headers: { "x-api-key": key.key } })).status;
    const spent = [await spend(), await spend(), await spend()];
    return {
      spent,
      turns: async () => (await api.client("GET", `/sessions/${first.sessionId}`)).body.turns?.length,
      budget: spend,
    };
  }
  /** Whether a question is answered from the cache now, of this process or of Redis. */
  async function isCached(api: Api, question: string): Promise<boolean> {
    const before = await hits(api);
    await ask(api, question);
    return (await hits(api)) > before;
  }

  it("FLUSHDB on it, as the runbook has it, forgets the answers everywhere, and no session, limit or budget", async () => {
    const [one, two] = apis as [Api, Api];
    const kept = await keep(one);
    expect(kept.spent).toEqual([200, 200, 429]);
    for (const api of [one, two]) {
      await ask(api, "Who designed the tower?");
      expect(await isCached(api, "Who designed the tower?")).toBe(true);
    }
    expect(await cacheDatabase.dbsize()).toBeGreaterThan(1);
    await cacheDatabase.flushdb();
    // Also what each server has at hand.
    await expect.poll(() => servers.every((server) => server.output().includes("those in memory are forgotten too")), { timeout: 10_000 }).toBe(true);
    expect(await isCached(one, "Who designed the tower?")).toBe(false);
    expect([await kept.turns(), await kept.budget()]).toEqual([1, 429]);
    expect(await metric(one, "rag_session_fallback_active")).toBe(0);
  });

  it("the command clears the answers and leaves what else is there", async () => {
    const [one] = apis as [Api, Api];
    const kept = await keep(one);
    await ask(one, "Who designed the tower?");
    await cacheDatabase.set("somebody else's", "1");
    const { exitCode, stdout } = await runRag(["clear-cache", "--json"], settings);
    expect([exitCode, JSON.parse(stdout).cleared]).toEqual([0, expect.any(Number)]);
    expect(JSON.parse(stdout).cleared).toBeGreaterThan(0);
    expect((await cacheDatabase.keys("rag:cache:*")).length).toBe(0);
    expect(await cacheDatabase.get("somebody else's")).toBe("1");
    expect([await kept.turns(), await kept.budget()]).toEqual([1, 429]);
    await expect.poll(() => isCached(one, "Who designed the tower?"), { timeout: 5_000 }).toBe(true);
  });

  it("the command says what to do where there is no Redis, and where it is away", async () => {
    expect(await runRag(["clear-cache"], {})).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("rag admin cache clear") });
    expect(await runRag(["clear-cache"], { REDIS_URL: "redis://127.0.0.1:1" })).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining("Redis"),
    });
  });
});

describe("in a Redis of their own", () => {
  it("either can go away: answers are made anew, or sessions go on in memory, and health says which", async () => {
    const [sessions, answers] = await Promise.all([startRedisServer(), startRedisServer()]);
    const server = await startServer({ DATA_DIR: join(folder.path, "apart"), REDIS_URL: sessions.url, REDIS_CACHE_URL: answers.url });
    try {
      const api = await connectApi(server);
      const states = async () => {
        const { components } = (await api.client("GET", "/health/detailed")).body;
        return Object.fromEntries(["redis", "cache", "sessions"].map((name) => [name, components[name].status]));
      };
      const up = async () => [await metric(api, "rag_redis_up"), await metric(api, "rag_cache_redis_up")];
      await expect.poll(states, { timeout: 5_000 }).toEqual({ redis: "healthy", cache: "healthy", sessions: "healthy" });

      await answers.kill();
      await expect.poll(up, { timeout: 5_000 }).toEqual([1, 0]);
      expect((await ask(api, "Who designed the tower?")).body.answerable).toBe(true);
      expect(await states()).toEqual({ redis: "healthy", cache: "unhealthy", sessions: "healthy" });

      await answers.restart();
      await sessions.kill();
      await expect.poll(up, { timeout: 5_000 }).toEqual([0, 1]);
      const { body } = await ask(api, "Why is the goat called Admiral?");
      expect(body.answerable).toBe(true);
      expect(await states()).toEqual({ redis: "unhealthy", cache: "healthy", sessions: "unhealthy" });

      await sessions.restart();
      await expect.poll(states, { timeout: 10_000 }).toEqual({ redis: "healthy", cache: "healthy", sessions: "healthy" });
      expect((await api.client("GET", `/sessions/${body.sessionId}`)).body.turns).toHaveLength(1);
    } finally {
      await server.stop();
      await sessions.remove();
      await answers.remove();
    }
  });
});
