/** Parts of statements, as both kinds of PostgreSQL read them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { POSTGRES_KINDS, type RunningPostgres } from "../../../test-support/postgres-databases.ts";
import { createDatabase, type Database } from "./database.ts";
import { identifier, list, literal, table, typeName } from "./statement-parts.ts";

const ODD = ["plain", "Two Words", 'a "quoted" one', "with.dot", "back\\slash.and.dots", "'); drop schema public cascade; --", "ä☃"];

describe.each(POSTGRES_KINDS)("in %s", (_, start) => {
  let postgres: RunningPostgres;
  let database: Database;

  beforeAll(async () => {
    postgres = await start();
    database = createDatabase({ server: postgres.address, maxConnections: 1, timeoutMs: 10_000 });
  });

  afterAll(async () => {
    await database.close(0);
    await postgres.stop();
  });

  it.each(ODD)("means the table and the column named %j, in a schema of that name", async (name) => {
    await database.transaction(async (query) => {
      await query((sql) => sql`create schema ${identifier(sql, name)}`);
      await query((sql) => sql`create table ${table(sql, name, name)} (${identifier(sql, name)} text)`);
      const found = await query(
        (sql) => sql<{ schema: string; table: string; column: string }>`
          select table_schema as schema, table_name as table, column_name as column from information_schema.columns where column_name = ${name}
        `,
      );
      expect(found).toEqual([{ schema: name, table: name, column: name }]);
      await query((sql) => sql`drop schema ${identifier(sql, name)} cascade`);
    });
  });

  it.each(ODD)("says the text %j", async (text) => {
    expect(await database.query((sql) => sql`select ${literal(sql, text)} as said`)).toEqual([{ said: text }]);
  });

  it("reads a text as a value of the type that the catalogue names", async () => {
    const [type] = await database.query((sql) => sql<{ name: string }>`select format_type('timestamptz'::regtype, 3) as name`);
    const name = type?.name ?? "";
    expect(name).toBe("timestamp(3) with time zone");
    const [row] = await database.query((sql) => sql`select pg_typeof('2026-01-01 00:00:00Z'::${typeName(sql, name)})::text as type`);
    expect(row).toEqual({ type: "timestamp with time zone" });
  });

  it("sets commas between parts, parameters among them", async () => {
    const rows = await database.query(
      (sql) =>
        sql`select ${list(
          sql,
          ["a", "b", "c"].map((name) => sql`${`${name}!`}::text as ${sql(name)}`),
        )}`,
    );
    expect(rows).toEqual([{ a: "a!", b: "b!", c: "c!" }]);
  });
});
