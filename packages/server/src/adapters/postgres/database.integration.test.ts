import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgresServer } from "../../../test-support/postgres-server.ts";
import { createDatabase, type Database, type DatabaseOptions, type Query } from "./database.ts";

const TIMEOUT_MS = 600;
const AWAY = { code: "store_unavailable" };

/** How long it took until the promise was rejected, in milliseconds, and with what. */
async function rejection(promise: Promise<unknown>): Promise<{ readonly afterMs: number; readonly error: unknown }> {
  const startedAt = performance.now();
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { afterMs: performance.now() - startedAt, error };
}

describe("the database", () => {
  let server: PostgresServer;
  const opened: Database[] = [];

  beforeAll(async () => {
    server = await startPostgresServer();
    await open().query((sql) => sql`create table notes (id integer primary key)`);
  });

  afterEach(async () => {
    for (const database of opened.splice(0)) await database.close(0);
  });

  afterAll(async () => {
    await server.remove();
  });

  function open(options: Partial<DatabaseOptions> = {}): Database {
    const database = createDatabase({ server: { url: server.url }, maxConnections: 2, timeoutMs: TIMEOUT_MS, ...options });
    opened.push(database);
    return database;
  }

  const one = async (query: Query): Promise<unknown> => (await query((sql) => sql<{ one: number }>`select 1 as one`))[0]?.one;
  const sleep = (query: Query, seconds: number): Promise<unknown> => query((sql) => sql`select pg_sleep(${seconds})`);
  const noteIds = async (database: Database): Promise<number[]> =>
    (await database.query((sql) => sql<{ id: number }>`select id from notes order by id`)).map(({ id }) => id);

  it("gives up a frozen server at the deadline, and serves once that goes on", async () => {
    const { query } = open();
    await one(query);
    server.freeze();
    try {
      const { afterMs, error } = await rejection(one(query));
      expect(error).toMatchObject(AWAY);
      expect(afterMs).toBeLessThan(TIMEOUT_MS + 250);
    } finally {
      server.thaw();
    }
    expect(await one(query)).toBe(1);
  });

  it("gives up a frozen server at the deadline within a transaction too, which then never happened", async () => {
    const database = open();
    const { afterMs, error } = await rejection(
      database.transaction(async (query) => {
        await query((sql) => sql`insert into notes values (1)`);
        server.freeze();
        await one(query);
      }),
    );
    server.thaw();
    expect(error).toMatchObject(AWAY);
    expect(afterMs).toBeLessThan(TIMEOUT_MS + 350);
    expect(await noteIds(database)).toEqual([]);
  });

  it("cancels a statement on the server at the deadline, and keeps the connection", async () => {
    const { query } = open({ maxConnections: 1 });
    const backend = async (): Promise<unknown> => (await query((sql) => sql<{ pid: number }>`select pg_backend_pid() as pid`))[0]?.pid;
    const pid = await backend();
    const { afterMs, error } = await rejection(sleep(query, 30));
    expect(error).toMatchObject(AWAY);
    expect(afterMs).toBeLessThan(TIMEOUT_MS + 250);
    const [running] = await query(
      (sql) =>
        sql<{
          count: number;
        }>`select count(*) as count from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`,
    );
    expect(running?.count).toBe(0);
    expect(await backend()).toBe(pid);
  });

  it("cancels on the server also what it does not hear the end of", async () => {
    const { query } = open();
    const other = open();
    server.freeze();
    await rejection(sleep(query, 30));
    server.thaw();
    expect(await one(other.query)).toBe(1);
    await expect
      .poll(
        async () =>
          (await other.query((sql) => sql`select 1 from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()`)).length,
        { timeout: 3_000 },
      )
      .toBe(0);
  });

  it("tells whoever waits too long for a connection, before the deadline", async () => {
    const { query } = open({ acquireTimeoutMs: 100 });
    const sleepers = [sleep(query, 0.4), sleep(query, 0.4)];
    const { afterMs, error } = await rejection(one(query));
    expect(error).toMatchObject({ ...AWAY, message: expect.stringContaining("became free within 100 ms") });
    expect(afterMs).toBeLessThan(350);
    await Promise.all(sleepers);
    expect(await one(query)).toBe(1);
  });

  it("ends a call within its deadline, waiting for a connection included", async () => {
    const { query } = open({ maxConnections: 1 });
    const sleeper = sleep(query, 0.2);
    const { afterMs, error } = await rejection(sleep(query, 30));
    expect(error).toMatchObject(AWAY);
    expect(afterMs).toBeLessThan(TIMEOUT_MS + 250);
    await sleeper;
  });

  it("does not hold up others for a locked table, and says so to who needs it", async () => {
    const database = open();
    let blocked: Awaited<ReturnType<typeof rejection>> | undefined;
    await database.transaction(
      async (query) => {
        await query((sql) => sql`lock table notes`);
        blocked = await rejection(noteIds(database));
        expect(await one(query)).toBe(1);
      },
      { timeoutMs: 5_000 },
    );
    expect(blocked?.error).toMatchObject(AWAY);
    expect(blocked?.afterMs).toBeLessThan(TIMEOUT_MS + 250);
  });

  it("fails at once while a killed server is away, and serves after its restart without being told", async () => {
    const { query } = open();
    await one(query);
    const hit = rejection(sleep(query, 0.5));
    await one(query);
    await server.kill();
    expect((await hit).error).toMatchObject(AWAY);
    const { afterMs, error } = await rejection(one(query));
    expect(error).toMatchObject(AWAY);
    expect(afterMs).toBeLessThan(250);
    await server.restart();
    expect(await one(query)).toBe(1);
  });

  it("does not go on with a transaction on a new connection when its own was lost", async () => {
    const database = open();
    const { error } = await rejection(
      database.transaction(async (query) => {
        await query((sql) => sql`insert into notes values (2)`);
        const [own] = await query((sql) => sql<{ pid: number }>`select pg_backend_pid() as pid`);
        await database.query((sql) => sql`select pg_terminate_backend(${own?.pid ?? 0}, 500)`);
        await query((sql) => sql`insert into notes values (3)`);
      }),
    );
    expect(error).toMatchObject(AWAY);
    expect(await noteIds(database)).toEqual([]);
  });

  it("undoes a transaction whose work throws, and passes the error on", async () => {
    const database = open();
    const mistake = new Error("changed my mind");
    const { error } = await rejection(
      database.transaction(async (query) => {
        await query((sql) => sql`insert into notes values (4)`);
        throw mistake;
      }),
    );
    expect(error).toBe(mistake);
    expect(await noteIds(database)).toEqual([]);
  });

  it("does not call a transaction done when a statement's failure was passed over", async () => {
    const database = open();
    const { error } = await rejection(
      database.transaction(async (query) => {
        await query((sql) => sql`insert into notes values (5)`);
        await rejection(query((sql) => sql`insert into notes values (5)`));
      }),
    );
    expect(error).toBeInstanceOf(Error);
    expect(await noteIds(database)).toEqual([]);
  });

  it("passes a mistake in a statement on as what it is", async () => {
    expect((await rejection(open().query((sql) => sql`selec 1`))).error).toMatchObject({ name: "PostgresError", code: "42601" });
  });

  it("is closed when in-flight calls are done, and refuses new ones", async () => {
    const database = open();
    const inFlight = sleep(database.query, 0.2);
    await one(database.query);
    await database.close(5_000);
    await inFlight;
    expect((await rejection(one(database.query))).error).toMatchObject(AWAY);
  });

  it("is closed within the given time even when the server hangs, and leaves no socket behind", async () => {
    const database = open({ timeoutMs: 30_000 });
    await one(database.query);
    server.freeze();
    try {
      const hanging = rejection(one(database.query));
      const startedAt = performance.now();
      await database.close(100);
      expect(performance.now() - startedAt).toBeLessThan(350);
      expect((await hanging).error).toMatchObject(AWAY);
      await expect.poll(() => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length, { timeout: 1_000 }).toBe(0);
    } finally {
      server.thaw();
    }
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ["accepts and never answers", () => {}, ""],
    ["accepts and hangs up", (socket) => socket.destroy(), ""],
    ["never answers whether it speaks TLS", () => {}, "?sslmode=require"],
    ["agrees to TLS and falls silent", (socket) => socket.once("data", () => socket.write("S")), "?sslmode=require"],
  ])("gives up a host that %s, at the deadline at the latest", async (_, behave, parameters) => {
    const host = createServer((socket) => behave(socket.on("error", () => {}))).listen(0, "127.0.0.1");
    await once(host, "listening");
    const address = host.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const database = open({ server: { url: `postgres://a:b@127.0.0.1:${port}/c${parameters}` } });
    const { afterMs, error } = await rejection(one(database.query));
    host.close();
    expect(error).toMatchObject(AWAY);
    expect(afterMs).toBeLessThan(TIMEOUT_MS + 250);
  });
});
