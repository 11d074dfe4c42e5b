/** Backups of a real record: what is in them, and what `psql` makes of them. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { backupFolder, backupServices } from "../../test-support/backup-scene.ts";
import { POSTGRES_KINDS, type RunningPostgres } from "../../test-support/postgres-databases.ts";
import { type PostgresServer, startPostgresServer } from "../../test-support/postgres-server.ts";
import { fillRecord, readWholeRecord, withClient } from "../../test-support/record-scene.ts";
import { DERIVED_TABLES, RECORD_TABLES } from "../adapters/postgres/record-tables.ts";
import { openSet } from "./backup-sets/open-set.ts";
import { takeBackup } from "./take-backup.ts";

const MIGRATIONS = join(import.meta.dirname, "../adapters/postgres/migrations");
const countMigrations = (): number => readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql")).length;

let empty: PostgresServer;
let folder: Awaited<ReturnType<typeof backupFolder>>;

beforeAll(async () => {
  empty = await startPostgresServer();
});
afterAll(() => empty.remove());

beforeEach(async () => {
  folder = await backupFolder();
  return () => folder.remove();
});

describe.each(POSTGRES_KINDS)("a backup of %s", (_, start) => {
  let postgres: RunningPostgres;

  beforeAll(async () => {
    postgres = await start();
    await fillRecord(postgres.address, { feedback: 2_000, uploadPieces: 20 });
  });
  afterAll(() => postgres.stop());

  it("has every table that a migration makes, but for those named as derived", async () => {
    const found = await withClient(
      postgres.address,
      ({ sql }) => sql<{ name: string }>`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    );
    expect(found.map(({ name }) => name).sort()).toEqual([...RECORD_TABLES, ...DERIVED_TABLES].sort());
    const { manifest } = await takeBackup(await backupServices(postgres.address), folder);
    expect(manifest.tables.map(({ name }) => name)).toEqual(RECORD_TABLES);
    for (const { name, rows } of manifest.tables) expect(rows, name).toBeGreaterThan(0);
  });

  it("is put back by psql into an empty database of a server, row by row the same", async () => {
    const { path } = await takeBackup(await backupServices(postgres.address), folder);
    const database = `restored_${Date.now()}`;
    await withClient({ url: empty.url }, ({ sql }) => sql`create database ${sql(database)}`);
    const url = empty.url.replace(/postgres$/, database);
    execFileSync("psql", ["--no-psqlrc", "--quiet", "--dbname", url], {
      input: gunzipSync(readFileSync(join(path, "record.sql.gz"))),
      stdio: ["pipe", "ignore", "inherit"],
    });
    expect(await readWholeRecord({ url })).toEqual(await readWholeRecord(postgres.address));
    const [generation] = await withClient(
      { url },
      ({ sql }) =>
        sql<{ number: number }>`
        insert into index_generations (embedder_id, dimensions, state, created_at_ms) values ('next', 1, 'building', 1) returning number
      `,
    );
    expect(generation?.number).toBe(3);
  });

  it("tells what it holds, and has digests that can be asked of a database again", async () => {
    const { manifest, sizeBytes } = await takeBackup(await backupServices(postgres.address), folder);
    expect(manifest).toMatchObject({
      schemaVersion: countMigrations(),
      productVersion: "1.2.3",
      embedder: { id: "model", dimensions: 384 },
      liveGeneration: 2,
      redisVersion: null,
      sessions: null,
      postgresVersion: expect.stringMatching(/^PostgreSQL \d/),
    });
    expect(manifest.tables.find(({ name }) => name === "feedback")?.rows).toBe(2_000);
    expect(manifest.sequences).toContainEqual({ table: "index_generations", column: "number", nextValue: 3 });
    expect(sizeBytes).toBe(statSync(join(folder.directory, manifest.name, "record.sql.gz")).size);
    const again = await takeBackup(await backupServices(postgres.address), folder);
    expect(again.manifest.tables).toEqual(manifest.tables);
  });

  it("is for its owner alone, and leaves nothing but itself", async () => {
    const { manifest, path } = await takeBackup(await backupServices(postgres.address), folder);
    expect(readdirSync(folder.directory).sort()).toEqual([".lock", manifest.name]);
    for (const file of [...readdirSync(path)]) expect(statSync(join(path, file)).mode & 0o777, file).toBe(0o600);
    expect([folder.directory, path].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  it("shows one moment, whatever is written while it is taken", async () => {
    const services = await backupServices(postgres.address);
    let written: Promise<unknown> | undefined;
    const { manifest } = await takeBackup(services, {
      ...folder,
      onProgress() {
        written ??= withClient(
          postgres.address,
          ({ sql }) => sql`
          with again as (update feedback set comment = 'later' where id = 'f0000001')
          insert into uploads values ('late', 'late', '', '', 1, 1, '', 99) on conflict do nothing
        `,
        ).catch(() => undefined);
      },
    });
    await written;
    const set = await openSet(folder.directory, manifest.name, services);
    let text = "";
    for await (const part of set.readRecord()) if (part.type === "rows") text += Buffer.from(part.bytes).toString("latin1");
    await set.close();
    expect(written).toBeDefined();
    expect(text).not.toContain("later");
  });

  it("is not taken of a database that goes away meanwhile, and leaves nothing", async () => {
    const services = await backupServices(postgres.address);
    const failing = {
      ...services,
      record: {
        withSnapshot: <T>(work: Parameters<typeof services.record.withSnapshot<T>>[0]) =>
          services.record.withSnapshot<T>((snapshot) =>
            work({
              ...snapshot,
              async *readRows(table) {
                yield* snapshot.readRows(table);
                if (table.name === "feedback") throw new Error("gone");
              },
            }),
          ),
      },
    };
    await expect(takeBackup(failing, folder)).rejects.toThrow("gone");
    expect(readdirSync(folder.directory)).toEqual([".lock"]);
  });
});
