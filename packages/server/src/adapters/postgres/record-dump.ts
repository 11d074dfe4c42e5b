/** The record as it stood at one moment, as text that PostgreSQL takes back. */
import { RagError } from "@rag-personal/core";
import { ExitError } from "../../exit-error.ts";
import type { RecordSnapshot, RecordSource, SnapshotTable } from "../../operations/record-source.ts";
import { type Client, createClient, type PostgresAddress } from "./client.ts";
import type { Query, Run } from "./database.ts";
import { schemaAsSql } from "./migrate.ts";
import { readRows } from "./record-rows.ts";
import { OUR_TABLE } from "./record-schemas.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import { table as tableName } from "./statement-parts.ts";
import { storeUnavailable, toStoreError } from "./store-errors.ts";

/** Of one statement. None takes long: a table is read in pages. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** So much later than the server itself we give a statement up. */
const SERVER_WORD_MS = 1_000;
const APPLICATION = "rag-personal-backup";

/** Until the end of the transaction: what values look like as text, whatever the server's own settings are. */
export async function setTextForm(query: Query): Promise<void> {
  await query(
    (sql) => sql`
      select
        set_config('timezone', 'UTC', true),
        set_config('datestyle', 'ISO', true),
        set_config('intervalstyle', 'postgres', true),
        set_config('extra_float_digits', '1', true),
        set_config('bytea_output', 'hex', true),
        set_config('standard_conforming_strings', 'on', true),
        set_config('client_encoding', 'UTF8', true)
    `,
  );
}

/** Reads the record of a database through a connection of its own, in one transaction that sees one moment and writes nothing. */
export function createRecordSource(address: PostgresAddress): RecordSource {
  const isEmbedded = !("url" in address);
  return {
    async withSnapshot(work) {
      const client = createClient(address, STATEMENT_TIMEOUT_MS, { applicationName: APPLICATION });
      try {
        const run = createRun(client);
        const walPosition = isEmbedded ? null : await readWalPosition(run);
        await run((sql) => sql`begin transaction isolation level repeatable read read only`);
        const lossesBefore = client.losses;
        const inSnapshot: Run = (statement) => {
          // The driver makes a new connection after a loss, and what it reads there is of another moment.
          if (client.losses !== lossesBefore) throw storeUnavailable("The connection to the database was lost during the backup.");
          return run(statement);
        };
        await setTextForm(inSnapshot);
        const value = await work(await readSnapshot(inSnapshot, walPosition));
        await inSnapshot((sql) => sql`commit`);
        return value;
      } finally {
        client.discard();
      }
    },
  };
}

/** Each statement, or each piece of its answer, within the deadline. */
function createRun(client: Client): Run {
  return async (statement) => {
    const expired = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      client.discard();
      expired.reject(storeUnavailable("The database did not answer in time."));
    }, STATEMENT_TIMEOUT_MS + SERVER_WORD_MS);
    try {
      return await Promise.race([expired.promise, statement(client.sql)]);
    } catch (error) {
      // Here and not around the whole: what the work on the snapshot throws, a full disk for one, is none of the database's.
      throw toStoreError(error);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Null where the server does not tell: some that are managed by others keep it to themselves. */
async function readWalPosition(run: Run): Promise<string | null> {
  try {
    const [row] = await run(
      (sql) =>
        sql<{ at: string | null }>`select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text as at`,
    );
    return row?.at ?? null;
  } catch (error) {
    if (!(error instanceof RagError)) return null;
    throw error;
  }
}

async function readSnapshot(run: Run, walPosition: string | null): Promise<RecordSnapshot> {
  const schemaVersion = await readSchemaVersion(run);
  const [server] = await run((sql) => sql<{ version: string }>`select current_setting('server_version') as version`);
  const [live] = await run(
    (sql) =>
      sql<{ embedder_id: string; dimensions: number; number: number }>`
        select embedder_id, dimensions, number from index_generations where state = 'live'
      `,
  );
  const tables = await readTables(run);
  const marks = tables.map(({ name }) => `comment on table "${name}" is '${OUR_TABLE}';\n`);
  return {
    schemaVersion,
    postgresVersion: `PostgreSQL ${server?.version.split(" ")[0] ?? "of no version"}`,
    walPosition,
    embedder: live === undefined ? null : { id: live.embedder_id, dimensions: live.dimensions },
    liveGeneration: live?.number ?? null,
    schemaSql: `${await schemaAsSql(schemaVersion)}\n${marks.join("")}`,
    tables,
    readRows: (table) => readRows(run, table),
    readSequences: () => readSequences(run, tables),
  };
}

async function readSchemaVersion(run: Run): Promise<number> {
  const [found] = await run((sql) => sql<{ isThere: boolean }>`select to_regclass('schema_migrations') is not null as "isThere"`);
  if (found?.isThere !== true) throw new ExitError("There is nothing to back up: no server of this program has used this database yet.");
  const [row] = await run((sql) => sql<{ newest: number | null }>`select max(number) as newest from schema_migrations`);
  if (!row?.newest) throw new ExitError("There is nothing to back up: the database was not made ready by a server yet.");
  return row.newest;
}

/** An earlier version of the schema has fewer. */
export async function readTables(run: Run): Promise<SnapshotTable[]> {
  const rows = await run(
    (sql) => sql<{ table: string; column: string; keyPlace: number | null; isNumbered: boolean }>`
      select
        relname as table,
        attname as column,
        array_position(indkey::smallint[], attnum) as "keyPlace",
        attidentity <> '' as "isNumbered"
      from pg_class
      join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
      left join pg_index on indrelid = pg_class.oid and indisprimary
      where relnamespace = (select relnamespace from pg_class where oid = to_regclass('schema_migrations')) and relkind = 'r'
      order by relname, attnum
    `,
  );
  return RECORD_TABLES.flatMap((name) => {
    const columns = rows.filter(({ table }) => table === name);
    if (columns.length === 0) return [];
    const key = columns.filter(({ keyPlace }) => keyPlace !== null).sort((a, b) => (a.keyPlace ?? 0) - (b.keyPlace ?? 0));
    return [
      {
        name,
        columns: columns.map(({ column }) => column),
        key: key.map(({ column }) => column),
        numbered: columns.filter(({ isNumbered }) => isNumbered).map(({ column }) => column),
      },
    ];
  });
}

/** Asked after all rows were read: a number that was given meanwhile belongs to a row that is not among them, and is not given again. */
async function readSequences(run: Run, tables: readonly SnapshotTable[]): Promise<{ table: string; column: string; nextValue: number }[]> {
  const found: { table: string; column: string; nextValue: number }[] = [];
  for (const { name, numbered } of tables) {
    for (const column of numbered) {
      const [sequence] = await run(
        (sql) => sql<{ schema: string; name: string }>`
          select nspname as schema, relname as name
          from pg_class
          join pg_namespace on pg_namespace.oid = relnamespace
          where pg_class.oid = pg_get_serial_sequence(quote_ident(${name}), ${column})::regclass
        `,
      );
      if (sequence === undefined) throw new Error(`the column ${column} of ${name} has no sequence`);
      const [row] = await run(
        (sql) => sql<{ nextValue: number }>`
          select case when is_called then last_value + 1 else last_value end as "nextValue" from ${tableName(sql, sequence.schema, sequence.name)}
        `,
      );
      if (row !== undefined) found.push({ table: name, column, nextValue: Number(row.nextValue) });
    }
  }
  return found;
}
