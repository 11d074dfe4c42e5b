/** Brings the database's schema up to this program: numbered SQL files, forward only, each applied once. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ExitError } from "../../exit-error.ts";
import type { Database, Query } from "./database.ts";
import { markOurTables, tablesHere } from "./record-schemas.ts";

const DIRECTORY = join(import.meta.dirname, "migrations");
const FILE_NAME = /^(\d{3})-[a-z0-9-]+\.sql$/;
/**
 * In a file that only adds: programs that know the schema up to this number go on working beside it. So an update needs no pause, and the
 * version before can be started again. A file without it ends that, and the way back is a backup.
 */
const USABLE_FROM = /^-- usable-from: (\d+)$/m;
/** Our place among the advisory locks of a shared server: the first eight hexadecimal digits of SHA-256 of "rag-personal". */
export const LOCK = 0x7efa1763;
/** Waiting for another server's migrations included. */
const TIMEOUT_MS = 120_000;

/** Makes the table in which it is noted which were applied. */
const APPLIED_TABLE = join(import.meta.dirname, "applied-migrations.sql");

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly path: string;
  /** SHA-256 of the file with the line ends of Unix, in hexadecimal. */
  readonly checksum: string;
  /** The oldest schema whose programs can use the database after it; absent where only its own can. */
  readonly usableFrom: number | undefined;
}

/** What there is to do before this program can use a database. */
export interface PendingMigrations {
  readonly names: readonly string[];
  /** Whether programs that know the schema as it is now can go on beside what they make of it. */
  readonly isCompatible: boolean;
}

/**
 * What {@link migrate} would apply; changes nothing.
 *
 * @throws {ExitError} as migrate does.
 */
export async function pendingMigrations(database: Pick<Database, "transaction">, directory: string = DIRECTORY): Promise<PendingMigrations> {
  const migrations = await readMigrations(directory);
  const appliedCount = await database.transaction(async (query) => {
    const [row] = await query((sql) => sql<{ isThere: boolean }>`select to_regclass('schema_migrations') is not null as "isThere"`);
    return row?.isThere === true ? await verifyApplied(query, migrations) : 0;
  });
  const pending = migrations.slice(appliedCount);
  // Of a new database nobody else has ever used anything.
  const isCompatible = appliedCount === 0 || pending.every(({ usableFrom }) => usableFrom !== undefined && usableFrom <= appliedCount);
  return { names: pending.map(({ name }) => name), isCompatible };
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
  await ensureLedger(query);
  const appliedCount = await verifyApplied(query, migrations);
  const missing = migrations.slice(appliedCount, upTo);
  for (const { number, name, path, checksum, usableFrom = null } of missing) {
    await query((sql) => sql.file(path));
    await query(
      (sql) => sql`insert into schema_migrations (number, name, checksum, usable_from) values (${number}, ${name}, ${checksum}, ${usableFrom})`,
    );
  }
  // A restore moves what is ours out of the way, tables of a newer version too: it must know them by more than their names.
  await markOurTables(query, before);
  return missing.length;
}

async function ensureLedger(query: Query): Promise<void> {
  await query((sql) => sql.file(APPLIED_TABLE));
  // A database of a version that had no such column. To ask first costs less than a lock that waits for every reader.
  if (!(await hasUsableFrom(query))) await query((sql) => sql`alter table schema_migrations add column usable_from integer`);
}

async function hasUsableFrom(query: Query): Promise<boolean> {
  const [row] = await query(
    (sql) => sql<{ count: number }>`
      select count(*)::integer as count from pg_attribute
      where attrelid = to_regclass('schema_migrations') and attname = 'usable_from' and not attisdropped
    `,
  );
  return row?.count === 1;
}

/** Compares what was applied with what there is; returns how many were applied, those of a newer program that this one can live with included. */
async function verifyApplied(query: Query, migrations: readonly Migration[]): Promise<number> {
  const isNoted = await hasUsableFrom(query);
  const applied = await query(
    (sql) =>
      sql<{ number: number; checksum: string; usableFrom: number | null }>`
        select number, checksum, ${isNoted ? sql`usable_from` : sql`null`}::integer as "usableFrom" from schema_migrations order by number
      `,
  );
  const known = applied.filter(({ number }) => number <= migrations.length);
  const newer = applied.filter(({ number }) => number > migrations.length);
  if (newer.some(({ usableFrom }) => usableFrom === null || usableFrom > migrations.length)) {
    throw new ExitError(
      `The database was written by a newer version of this program (its schema is ${newer.at(-1)?.number}, this program knows ${migrations.length}), and this one cannot use it. Install that version, or restore a backup from before the upgrade.`,
    );
  }
  for (const { number, checksum } of known) {
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
  const paths = [APPLIED_TABLE, ...migrations.slice(0, version).map(({ path }) => path)];
  const files = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  return files.map((content) => content.replaceAll("\r\n", "\n")).join("\n");
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
      const text = content.replaceAll("\r\n", "\n");
      const usableFrom = USABLE_FROM.exec(text)?.[1];
      return {
        number,
        name,
        path,
        checksum: createHash("sha256").update(text).digest("hex"),
        usableFrom: usableFrom === undefined ? undefined : Number(usableFrom),
      };
    }),
  );
}
