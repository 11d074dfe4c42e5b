/** Brings the database's schema up to this program: numbered SQL files, forward only, each applied once. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExitError } from "../../exit-error.ts";
import type { Database, Query } from "./database.ts";
import { markOurTables, tablesHere } from "./record-schemas.ts";

const DIRECTORY = join(import.meta.dirname, "migrations");
const FILE_NAME = /^(\d{3})-[a-z0-9-]+\.sql$/;
/** Our place among the advisory locks of a shared server: the first eight hexadecimal digits of SHA-256 of "rag-personal". */
export const LOCK = 0x7efa1763;
/** Waiting for another server's migrations included. */
const TIMEOUT_MS = 120_000;

/** Where it is noted which were applied. */
const APPLIED_TABLE = `create table if not exists schema_migrations (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly path: string;
  /** SHA-256 of the file with the line ends of Unix, in hexadecimal. */
  readonly checksum: string;
}

/**
 * Applies the migrations that are missing, all in one transaction: a failure leaves the schema as it was. Several servers may do so at
 * once; the others wait for the first.
 *
 * @param directory of the files `001-name.sql`, `002-name.sql`, …
 * @returns how many were applied.
 * @throws {ExitError} when the database was written by a newer program, or an applied file is no longer what it was.
 */
export async function migrate(database: Pick<Database, "transaction">, directory: string = DIRECTORY): Promise<number> {
  return await database.transaction(
    async (query) => {
      await query((sql) => sql`select pg_advisory_xact_lock(${LOCK}::bigint)`);
      return await applyMigrations(query, { directory });
    },
    { timeoutMs: TIMEOUT_MS },
  );
}

/**
 * The same within a transaction, in the schema where tables are made now, and without waiting for anybody.
 *
 * @param options.upTo the number of the last migration to apply. Default: all there are.
 * @throws as {@link migrate}.
 */
export async function applyMigrations(
  query: Query,
  { directory = DIRECTORY, upTo }: { readonly directory?: string | undefined; readonly upTo?: number | undefined } = {},
): Promise<number> {
  const migrations = await readMigrations(directory);
  const before = await tablesHere(query);
  const appliedCount = await verifyApplied(query, migrations);
  const missing = migrations.slice(appliedCount, upTo);
  for (const { number, name, path, checksum } of missing) {
    await query((sql) => sql.file(path));
    await query((sql) => sql`insert into schema_migrations (number, name, checksum) values (${number}, ${name}, ${checksum})`);
  }
  // A restore moves what is ours out of the way, tables of a newer version too: it must know them by more than their names.
  await markOurTables(query, before);
  return missing.length;
}

/** Compares what was applied with what there is; returns how many were applied. */
async function verifyApplied(query: Query, migrations: readonly Migration[]): Promise<number> {
  await query((sql) => sql.unsafe(APPLIED_TABLE));
  const applied = await query((sql) => sql<{ number: number; checksum: string }>`select number, checksum from schema_migrations order by number`);
  const newest = applied.at(-1);
  if (newest !== undefined && newest.number > migrations.length) {
    throw writtenByNewer(newest.number, migrations.length);
  }
  for (const { number, checksum } of applied) {
    const migration = migrations[number - 1];
    if (migration?.checksum !== checksum) {
      throw new ExitError(
        `Migration ${migration?.name ?? number} is not the one that was applied to this database. Install an unmodified version of this program.`,
      );
    }
  }
  return applied.length;
}

/** Number of the last migration that this program has. */
export async function knownSchemaVersion(directory: string = DIRECTORY): Promise<number> {
  return (await readMigrations(directory)).length;
}

/**
 * What a schema of this version is made with, as SQL; its `schema_migrations` is left empty.
 *
 * @throws {ExitError} when this program does not know that version.
 */
export async function schemaAsSql(version: number, directory: string = DIRECTORY): Promise<string> {
  const migrations = await readMigrations(directory);
  if (version > migrations.length) throw writtenByNewer(version, migrations.length);
  const files = await Promise.all(migrations.slice(0, version).map(({ path }) => readFile(path, "utf8")));
  return [`${APPLIED_TABLE};\n`, ...files.map((content) => content.replaceAll("\r\n", "\n"))].join("\n");
}

const writtenByNewer = (version: number, known: number): ExitError =>
  new ExitError(
    `The database was written by a newer version of this program (its schema is ${version}, this program knows ${known}). Install that version, or restore a backup from before the upgrade.`,
  );

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  return await Promise.all(
    names.map(async (name, index) => {
      const number = Number(FILE_NAME.exec(name)?.[1]);
      if (number !== index + 1) throw new Error(`migrations are named 001-name.sql, 002-name.sql and so on without a gap, which ${name} breaks`);
      const path = join(directory, name);
      const content = await readFile(path, "utf8");
      return { number, name, path, checksum: createHash("sha256").update(content.replaceAll("\r\n", "\n")).digest("hex") };
    }),
  );
}
