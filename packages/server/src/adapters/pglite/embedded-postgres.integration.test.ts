import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connectPostgres, type PostgresStores } from "../postgres/connection.ts";
import { createDatabase } from "../postgres/database.ts";
import { migrate } from "../postgres/migrate.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded-postgres.ts";

const WRITER = fileURLToPath(new URL("../../../test-support/postgres-feedback-writer.ts", import.meta.url));

describe("the embedded PostgreSQL", () => {
  let parent: string;
  let dataDir: string;
  const running: (EmbeddedPostgres | PostgresStores)[] = [];

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "rag-embedded-"));
    dataDir = join(parent, "postgres");
  });

  afterEach(async () => {
    for (const part of running.splice(0).reverse()) await ("stop" in part ? part.stop() : part.close(0));
  });

  afterAll(async () => {
    await rm(parent, { recursive: true, force: true });
  });

  async function start(options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> {
    const embedded = await startEmbeddedPostgres({ dataDir, ...options });
    running.push(embedded);
    return embedded;
  }

  async function open(embedded: EmbeddedPostgres): Promise<PostgresStores> {
    const stores = await connectPostgres({ server: embedded.connection, maxConnections: 8, timeoutMs: 10_000 });
    running.push(stores);
    return stores;
  }

  function writeFeedback(prefix: string): ChildProcess {
    return spawn(process.execPath, [WRITER, dataDir, prefix], { stdio: ["ignore", "pipe", "inherit"] });
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  // The first test, because it needs a folder in which there is no database yet; the others go on with what it made.
  it("starts after its first start was killed while it created the database", async () => {
    const child = writeFeedback("never");
    const watcher = watch(parent, { recursive: false });
    while (!existsSync(`${dataDir}.unfinished`)) await once(watcher, "change");
    watcher.close();
    await kill(child);
    expect(existsSync(dataDir)).toBe(false);
    expect(await (await open(await start())).ping()).toMatch(/^PostgreSQL \d/);
    expect((await readdir(parent)).sort()).toEqual(["postgres", "postgres.run"]);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  });

  it("keeps what it was told across a stop, which is no death, and after which its socket is gone", async () => {
    const embedded = await start();
    const stores = await open(embedded);
    await stores.feedback.saveFeedback({ id: "kept", principal: "ada", rating: "down", atMs: 1 });
    await stores.close();
    await embedded.stop();
    await embedded.stop();
    expect(await Promise.race([embedded.died, Promise.resolve("stopped")])).toBe("stopped");
    expect(await readdir(parent)).toEqual(["postgres"]);
    expect(await (await open(await start())).feedback.countFeedback()).toEqual({ up: 0, down: 1 });
  });

  describe("while it runs", () => {
    let embedded: EmbeddedPostgres;

    beforeAll(async () => {
      embedded = await startEmbeddedPostgres({ dataDir });
    });

    afterAll(async () => {
      await embedded.stop();
    });

    it("lets nobody but the owner reach its socket", async () => {
      expect((await stat(dirname(embedded.connection.socketPath))).mode & 0o777).toBe(0o700);
    });

    it("lets one of two migrators at once do the work", async () => {
      const databases = [1, 2].map(() => createDatabase({ server: embedded.connection, maxConnections: 1, timeoutMs: 10_000 }));
      const [database] = databases;
      await database?.query((sql) => sql`drop schema public cascade`);
      await database?.query((sql) => sql`create schema public`);
      const applied = await Promise.all(databases.map((each) => migrate(each)));
      for (const each of databases) await each.close(0);
      expect(applied.filter((count) => count > 0)).toHaveLength(1);
    });

    it("goes on after a call that was given up, once the statement has ended", async () => {
      const database = createDatabase({ server: embedded.connection, maxConnections: 1, timeoutMs: 200 });
      await expect(database.query((sql) => sql`select pg_sleep(1)`)).rejects.toMatchObject({ code: "store_unavailable" });
      await expect
        .poll(
          () =>
            database
              .query((sql) => sql`select 1`)
              .then(
                () => "served",
                () => "away",
              ),
          { timeout: 5_000 },
        )
        .toBe("served");
      await database.close(0);
    });
  });

  it("loses no acknowledged row when its process is killed five times at random moments", { timeout: 60_000 }, async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const child = writeFeedback(`round${round}`);
      if (child.stdout === null) throw new Error("the writer has no output");
      const killAfter = randomInt(1, 300);
      let count = 0;
      for await (const id of createInterface({ input: child.stdout })) {
        acknowledged.push(id);
        count += 1;
        // Lines already on their way are still read: they were acknowledged too.
        if (count === killAfter) void kill(child);
      }
    }
    const { connection } = await start();
    const database = createDatabase({ server: connection, maxConnections: 1, timeoutMs: 10_000 });
    const stored = new Set((await database.query((sql) => sql<{ id: string }>`select id from feedback`)).map(({ id }) => id));
    await database.close(0);
    expect(acknowledged.length).toBeGreaterThanOrEqual(5);
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
  });

  it("tells when its thread ends unasked, and the stores then say that they are away", async () => {
    let worker: Worker | undefined;
    const embedded = await start({
      startWorker: (file, options) => {
        worker = new Worker(file, options);
        return worker;
      },
    });
    const stores = await open(embedded);
    await worker?.terminate();
    expect((await embedded.died).message).toContain("ended on its own");
    await expect(stores.ping()).rejects.toMatchObject({ code: "store_unavailable" });
  });

  it("works under a path longer than a socket's may be", async () => {
    const long = join(parent, "x".repeat(120), "postgres");
    await cp(dataDir, long, { recursive: true });
    const embedded = await start({ dataDir: long });
    expect(Buffer.byteLength(embedded.connection.socketPath)).toBeLessThan(104);
    expect(await (await open(embedded)).ping()).toMatch(/^PostgreSQL/);
    await embedded.stop();
    expect(existsSync(dirname(embedded.connection.socketPath))).toBe(false);
  });

  it("says what is wrong with files that it cannot open, and leaves them as they are", async () => {
    const foreign = join(parent, "foreign");
    await cp(dataDir, foreign, { recursive: true });
    await writeFile(join(foreign, "PG_VERSION"), "9\n");
    await expect(startEmbeddedPostgres({ dataDir: foreign })).rejects.toMatchObject({
      name: "ExitError",
      message: expect.stringMatching(/cannot be opened.*Restore a backup/),
    });
    expect(existsSync(join(foreign, "PG_VERSION"))).toBe(true);
    expect(existsSync(`${foreign}.run`)).toBe(false);
  });
});
