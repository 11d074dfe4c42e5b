import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgresServer } from "../../../test-support/postgres-server.ts";
import { connectPostgres } from "./connection.ts";
import { createDatabase, type Database } from "./database.ts";
import { migrate, pendingMigrations } from "./migrate.ts";

const FIRST = "create table first (id integer primary key); insert into first values (1);";
const SECOND = "create table second (id integer primary key);";

describe("the migrations", () => {
  let server: PostgresServer;
  let database: Database;
  let directory: string;

  beforeAll(async () => {
    server = await startPostgresServer();
    database = createDatabase({ server: { url: server.url }, maxConnections: 2, timeoutMs: 5_000 });
  });

  afterAll(async () => {
    await database.close(0);
    await server.remove();
  });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "rag-migrations-"));
    await database.query((sql) => sql`drop schema public cascade`);
    await database.query((sql) => sql`create schema public`);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  }

  async function tables(): Promise<string[]> {
    const rows = await database.query((sql) => sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'public' order by 1`);
    return rows.map(({ name }) => name);
  }

  it("are applied in order, each once, and later ones when they appear", async () => {
    await write({ "001-first.sql": FIRST });
    expect(await migrate(database, directory)).toBe(1);
    expect(await migrate(database, directory)).toBe(0);
    await write({ "002-second.sql": SECOND });
    expect(await migrate(database, directory)).toBe(1);
    expect(await tables()).toEqual(["first", "schema_migrations", "second"]);
  });

  it("are applied by one of two servers that start at once", async () => {
    await write({ "001-first.sql": `${FIRST} select pg_sleep(0.2);`, "002-second.sql": SECOND });
    const other = createDatabase({ server: { url: server.url }, maxConnections: 1, timeoutMs: 5_000 });
    const applied = await Promise.all([migrate(database, directory), migrate(other, directory)]);
    await other.close(0);
    expect(applied.sort()).toEqual([0, 2]);
  });

  it("may take longer than an ordinary call", async () => {
    await write({ "001-slow.sql": "select pg_sleep(0.6);" });
    const hasty = createDatabase({ server: { url: server.url }, maxConnections: 1, timeoutMs: 300 });
    expect(await migrate(hasty, directory)).toBe(1);
    await hasty.close(0);
  });

  it("leave the schema as it was when one of them fails", async () => {
    await write({ "001-first.sql": FIRST, "002-broken.sql": "create table second (id integer); insert into nowhere values (1);" });
    await expect(migrate(database, directory)).rejects.toMatchObject({ code: "42P01" });
    expect(await tables()).toEqual([]);
  });

  it("of a newer program that only added are no hindrance to the version before, nor to one they name, but to older ones", async () => {
    await write({ "001-first.sql": FIRST, "002-second.sql": SECOND });
    await migrate(database, directory);
    const added = "-- usable-from: 2\ncreate table third (id integer primary key);";
    await write({ "003-third.sql": added });
    expect(await pendingMigrations(database, directory)).toEqual({ names: ["003-third.sql"], isCompatible: true });
    expect(await migrate(database, directory)).toBe(1);
    await rm(join(directory, "003-third.sql"));
    expect(await pendingMigrations(database, directory)).toEqual({ names: [], isCompatible: true });
    expect(await migrate(database, directory)).toBe(0);
    await rm(join(directory, "002-second.sql"));
    await expect(migrate(database, directory)).rejects.toThrow(/newer version .*schema is 3, this program knows 1/);
    await expect(pendingMigrations(database, directory)).rejects.toThrow(/newer version/);
  });

  it("are told beforehand, and whether the running version can go on beside them", async () => {
    await write({ "001-first.sql": FIRST });
    expect(await pendingMigrations(database, directory)).toEqual({ names: ["001-first.sql"], isCompatible: true });
    expect(await tables()).toEqual([]);
    await migrate(database, directory);
    await write({ "002-second.sql": "drop table first;" });
    expect(await pendingMigrations(database, directory)).toEqual({ names: ["002-second.sql"], isCompatible: false });
  });

  it("go on in a database of a version that did not note what older programs may do", async () => {
    await write({ "001-first.sql": FIRST });
    await migrate(database, directory);
    await database.query((sql) => sql`alter table schema_migrations drop column usable_from`);
    expect(await pendingMigrations(database, directory)).toEqual({ names: [], isCompatible: true });
    await write({ "002-second.sql": SECOND });
    expect(await migrate(database, directory)).toBe(1);
  });

  it("that say older programs may go on take nothing away from them", async () => {
    const folder = join(import.meta.dirname, "migrations");
    for (const name of await readdir(folder)) {
      const sql = await readFile(join(folder, name), "utf8");
      if (!/^-- usable-from: /m.test(sql)) continue;
      expect(sql, name).not.toMatch(/\b(drop (table|column|type)|rename|alter column \w+ (set not null|type)|truncate|delete from)\b/i);
    }
  });

  it("refuse a database that a newer program wrote", async () => {
    await write({ "001-first.sql": FIRST, "002-second.sql": SECOND });
    await migrate(database, directory);
    await rm(join(directory, "002-second.sql"));
    await expect(migrate(database, directory)).rejects.toMatchObject({
      name: "ExitError",
      message: expect.stringMatching(/newer version .*schema is 2, this program knows 1/),
    });
  });

  it("refuse to go on when one that was applied has been edited, but not for its line ends", async () => {
    await write({ "001-first.sql": `${FIRST}\n-- the end\n` });
    await migrate(database, directory);
    await write({ "001-first.sql": `${FIRST}\r\n-- the end\r\n` });
    expect(await migrate(database, directory)).toBe(0);
    await write({ "001-first.sql": `${FIRST}\n-- edited\n` });
    await expect(migrate(database, directory)).rejects.toMatchObject({
      name: "ExitError",
      message: expect.stringContaining("001-first.sql is not the one that was applied"),
    });
  });

  it("are numbered without a gap", async () => {
    await write({ "001-first.sql": FIRST, "003-third.sql": SECOND });
    await expect(migrate(database, directory)).rejects.toThrow("003-third.sql");
    expect(await tables()).toEqual([]);
  });

  it("of the program itself make the schema, and a second connection finds it", async () => {
    const options = { server: { url: server.url }, maxConnections: 1, timeoutMs: 5_000 };
    for (let start = 0; start < 2; start += 1) {
      const stores = await connectPostgres(options);
      expect(await stores.documents.listDocuments()).toEqual([]);
      await stores.close();
    }
  });

  it("cannot be made where there is no server, which is told as that", async () => {
    await expect(
      connectPostgres({ server: { url: "postgres://a:secret@127.0.0.1:1/b" }, maxConnections: 1, timeoutMs: 1_000 }),
    ).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });

  it.each(["localhost", "mysql://a:secret@localhost/b", "postgres://a:secret@local host:port/b"])(
    "cannot be made at %s, which is told without the password",
    async (url) => {
      const error = await connectPostgres({ server: { url }, maxConnections: 1, timeoutMs: 1_000 }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "ExitError", message: expect.stringContaining("DATABASE_URL is not an address") });
      expect(JSON.stringify(error)).not.toContain("secret");
    },
  );
});
