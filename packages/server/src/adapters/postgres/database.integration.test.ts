import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startFaultProxy } from "../../../test-support/fault-proxy.ts";
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

  it("gives nobody a connection that has just been lost", async () => {
    const proxy = await startFaultProxy({ target: { port: Number(new URL(server.url).port) } });
    const { query } = open({ server: { url: server.url.replace(/:\d+\//, `:${proxy.port}/`) }, maxConnections: 1, timeoutMs: 3_000 });
    await one(query);
    const calls = [rejection(query((sql) => sql`select pg_sleep(5)`)), rejection(one(query))];
    // Meanwhile the statement has reached the server.
    await one(open().query);
    await proxy.set({ kind: "refuse" });
    for (const { afterMs, error } of await Promise.all(calls)) {
      expect(error).toMatchObject(AWAY);
      expect(afterMs).toBeLessThan(500);
    }
    await proxy.set({ kind: "pass" });
    expect(await one(query)).toBe(1);
    await proxy.close();
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

  describe("before a server that may fall silent", () => {
    const SILENCE_MS = 400;
    const PATIENT = { timeoutMs: 30_000, silenceMs: SILENCE_MS };

    it("refuses everybody once the server says nothing: who waits for it, who waits for a place, and who comes later, at once", async () => {
      const changes: boolean[] = [];
      const database = open({ ...PATIENT, onSilence: (isSilent) => changes.push(isSilent) });
      await one(database.query);
      server.freeze();
      try {
        const waiting = await Promise.all([1, 2, 3, 4].map(() => rejection(one(database.query))));
        for (const { afterMs, error } of waiting) {
          expect(error).toMatchObject(AWAY);
          expect(afterMs).toBeLessThan(SILENCE_MS + 350);
        }
        const { afterMs, error } = await rejection(one(database.query));
        expect(error).toMatchObject(AWAY);
        expect(afterMs).toBeLessThan(20);
        expect([database.isSilent(), changes]).toEqual([true, [true]]);
      } finally {
        server.thaw();
      }
      await expect.poll(() => database.isSilent(), { timeout: 1_000, interval: 10 }).toBe(false);
      expect(await one(database.query)).toBe(1);
      expect(changes).toEqual([true, false]);
    });

    it("refuses everybody too when calls are given up sooner than the silence lasts", async () => {
      const database = open({ timeoutMs: 200, silenceMs: SILENCE_MS });
      await one(database.query);
      server.freeze();
      try {
        await rejection(one(database.query));
        await expect.poll(() => database.isSilent(), { timeout: 1_000, interval: 10 }).toBe(true);
      } finally {
        server.thaw();
      }
      await expect.poll(() => database.isSilent(), { timeout: 1_000, interval: 10 }).toBe(false);
    });

    it("opens when the silent server is killed: a call then fails by itself, at once", async () => {
      const database = open(PATIENT);
      await one(database.query);
      server.freeze();
      await rejection(one(database.query));
      expect(database.isSilent()).toBe(true);
      await server.kill();
      await expect.poll(() => database.isSilent(), { timeout: 2_000, interval: 10 }).toBe(false);
      await server.restart();
      expect(await one(database.query)).toBe(1);
    });

    it("neither refuses anybody nor ends anything because statements take long", async () => {
      const changes: boolean[] = [];
      const { query } = open({ ...PATIENT, onSilence: (isSilent) => changes.push(isSilent) });
      await Promise.all([sleep(query, 4 * (SILENCE_MS / 1_000)), sleep(query, 3 * (SILENCE_MS / 1_000))]);
      expect(changes).toEqual([]);
    });

    it("does not take for the server's silence that this process itself was held up", async () => {
      const changes: boolean[] = [];
      const { query } = open({ ...PATIENT, onSilence: (isSilent) => changes.push(isSilent) });
      await one(query);
      const sleeper = sleep(query, 3 * (SILENCE_MS / 1_000));
      // Twice: before there is a probe, and while one is under way.
      for (const afterMs of [0, SILENCE_MS / 4]) {
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        const heldUpUntil = performance.now() + 2 * SILENCE_MS;
        while (performance.now() < heldUpUntil);
      }
      await sleeper;
      expect(changes).toEqual([]);
    });

    it("counts a refusal for lack of connections as a word", async () => {
      const changes: boolean[] = [];
      const { query } = open({ ...PATIENT, onSilence: (isSilent) => changes.push(isSilent) });
      const [{ free } = { free: 0 }] = await query(
        (sql) => sql<{ free: number }>`
          select current_setting('max_connections')::int - count(*)::int as free from pg_stat_activity where backend_type = 'client backend'
        `,
      );
      const filling = open({ maxConnections: free, timeoutMs: 20_000 });
      const sleepers = Array.from({ length: free }, () => rejection(sleep(filling.query, 10)));
      await expect
        .poll(() => rejection(one(open({ timeoutMs: 5_000 }).query)), { timeout: 5_000 })
        .toMatchObject({ error: { cause: { code: "53300" } } });
      await sleep(query, 4 * (SILENCE_MS / 1_000));
      expect(changes).toEqual([]);
      await filling.close(0);
      await Promise.all(sleepers);
    });

    it("lets whoever brought a longer deadline wait through the silence", async () => {
      const database = open({ timeoutMs: TIMEOUT_MS, silenceMs: SILENCE_MS });
      const patient = database.transaction(
        async (query) => {
          await one(query);
          server.freeze();
          setTimeout(server.thaw, 2 * SILENCE_MS);
          return await one(query);
        },
        { timeoutMs: 20_000 },
      );
      expect(await patient).toBe(1);
    });

    it("leaves neither a connection nor a timer behind when it is closed while the server is silent", async () => {
      const database = open(PATIENT);
      await one(database.query);
      server.freeze();
      try {
        await rejection(one(database.query));
        await database.close(100);
        await expect.poll(() => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length, { timeout: 1_000 }).toBe(0);
      } finally {
        server.thaw();
      }
    });
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
