/** With DATABASE_URL the same program runs on a PostgreSQL server, and lives through its absence. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, connectApi } from "../test-support/api.ts";
import { freePort } from "../test-support/free-port.ts";
import { type PostgresServer, startPostgresServer } from "../test-support/postgres-server.ts";
import { launchServer, type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let postgres: PostgresServer;
let server: RunningServer;
let api: Api;
beforeAll(async () => {
  folder = await temporaryDirectory();
  postgres = await startPostgresServer();
  server = await startServer({ DATA_DIR: join(folder.path, "data"), DATABASE_URL: postgres.url, DATABASE_TIMEOUT_MS: "1000" });
  api = await connectApi(server);
});
afterAll(async () => {
  await server.stop();
  await postgres.remove();
  await folder.remove();
});

const ask = () => api.client("POST", "/chat", { body: { question: "Why is the goat called Admiral?" } });
const judge = () => api.client("POST", "/feedback", { body: { rating: "up" } });

describe("on a PostgreSQL server", () => {
  it("answers as on the embedded one, and says which it is", async () => {
    expect((await ask()).body.citations[0]).toMatchObject({ path: "handbook/garden-and-goat.md" });
    const { body } = await api.client("GET", "/health/detailed");
    expect(body.components.postgres).toMatchObject({ status: "healthy", adapter: "postgres", detail: expect.stringContaining("PostgreSQL 1") });
  });

  it("starts while it is away: live, not ready, and ready once it is there", async () => {
    await postgres.kill();
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const other = launchServer({
      DATA_DIR: join(folder.path, "other"),
      DATABASE_URL: postgres.url,
      DATABASE_TIMEOUT_MS: "1000",
      PORT: String(port),
      // Both servers configure the same administrator of one database.
      ADMIN_PASSWORD: api.adminPassword,
    });
    const statusOf = async (path: string): Promise<number> => (await fetch(`${address}${path}`).catch(() => undefined))?.status ?? 0;
    await expect.poll(() => statusOf("/health/live"), { timeout: 20_000 }).toBe(200);
    expect(await statusOf("/health/ready")).toBe(503);
    await postgres.restart();
    await other.started;
    expect(await statusOf("/health/ready")).toBe(200);
    expect(other.output().split("the start waits for it").length - 1).toBe(1);
    expect(await other.stop()).toBe(0);
  });

  it("can be stopped while it waits", async () => {
    const other = launchServer({ DATA_DIR: join(folder.path, "other"), DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" });
    await expect.poll(() => other.output(), { timeout: 20_000 }).toContain("the start waits for it");
    expect(await other.stop()).toBe(0);
    expect(other.output()).not.toContain("    at run");
  });

  it("goes on without it: answers are degraded, feedback is kept, and the rest is a typed error", async () => {
    const before = (await api.admin("GET", "/admin/stats")).body.feedback.up;
    await postgres.kill();
    const { status, body } = await ask();
    expect([status, body.answerable, body.degraded]).toEqual([200, true, true]);
    expect(body.citations[0].quote).toContain("gold braid");
    for (let time = 0; time < 3; time += 1) expect((await judge()).status).toBe(201);
    expect((await api.client("POST", "/search", { body: { query: "goat" } })).body.hits.length).toBeGreaterThan(0);
    const refused = await api.admin("GET", "/documents");
    expect([refused.status, refused.body.code]).toEqual([503, "store_unavailable"]);
    expect(JSON.stringify(refused.body)).not.toMatch(/127\.0\.0\.1|ECONN|postgres:/);
    expect((await api.stranger("GET", "/health/detailed")).body).toMatchObject({
      status: "degraded",
      components: { postgres: { status: "unhealthy" } },
    });
    expect((await api.stranger("GET", "/metrics")).body).toContain("rag_feedback_waiting 3");

    await postgres.restart();
    const feedback = async (): Promise<number> => (await api.admin("GET", "/admin/stats")).body.feedback?.up;
    await expect.poll(feedback, { timeout: 10_000 }).toBe(before + 3);
    const healed = (await ask()).body;
    expect([healed.answerable, healed.degraded]).toEqual([true, false]);
  });
});
