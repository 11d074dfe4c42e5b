/** Prepares a record beside the one in use, in one transaction: it is there whole, or not at all. */
import { randomUUID } from "node:crypto";
import { ExitError } from "../../exit-error.ts";
import type { Manifest } from "../../operations/backup-sets/manifest.ts";
import type { Restoration, StageOptions } from "../../operations/restoring/restoration.ts";
import { arrayText, createLineSplitter, fieldsOf } from "./copy-text.ts";
import type { Query } from "./database.ts";
import { applyMigrations, LOCK } from "./migrate.ts";
import { STAGING } from "./record-schemas.ts";
import { identifier, list, type Part, table, typeName } from "./statement-parts.ts";

/** Of the text of one statement; the embedded server takes quadratic time for a large message. */
const BATCH_CHARS = 500_000;

/** Takes the rows of one table as `COPY` writes them. */
export interface RowLoader {
  /** @param bytes whole rows or parts of them, cut anywhere. @throws when a row does not fit. */
  add(bytes: Uint8Array): Promise<void>;
  /** @returns how many rows there were. @throws when the last one is cut off. */
  end(): Promise<number>;
}

/** Keeps two from preparing at once: the next number after that of the migrations. */
const STAGING_LOCK = LOCK + 1;

/** Makes the staging schema anew, with the tables of that version of the schema, and makes it the one that statements mean from here on. */
export async function beginStaging(query: Query, schemaVersion: number): Promise<void> {
  const [lock] = await query((sql) => sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${STAGING_LOCK}::bigint) as taken`);
  if (lock?.taken !== true) throw new ExitError("Another restore is under way. Wait for its end, and try again.");
  await query((sql) => sql`drop schema if exists ${sql(STAGING)} cascade`);
  await query((sql) => sql`create schema ${sql(STAGING)}`);
  await query((sql) => sql`select set_config('search_path', quote_ident(${STAGING}), true)`);
  await applyMigrations(query, { upTo: schemaVersion });
}

/**
 * Begins to fill a table of the staging schema. Not by `COPY … FROM STDIN`: the embedded server ends when it is given one, and this took
 * 0.42 s for 100,000 rows where that took 0.34 s.
 *
 * @throws when there is no such table or column.
 */
export async function openRowLoader(query: Query, name: string, columns: readonly string[]): Promise<RowLoader> {
  const types = await columnTypes(query, name);
  const places = columns.map((column, at) => {
    const type = types.get(column);
    if (type === undefined) throw new Error(`the table ${name} of this version has no column ${column}`);
    return { column, type, value: `v${at}` };
  });
  const splitter = createLineSplitter();
  let batch: (string | null)[][] = columns.map(() => []);
  let chars = 0;
  let rows = 0;

  async function flush(): Promise<void> {
    if (chars === 0) return;
    const arrays = batch.map(arrayText);
    batch = columns.map(() => []);
    chars = 0;
    await query((sql) => {
      const each = (part: (place: (typeof places)[number]) => Part): Part => list(sql, places.map(part));
      const parameters = arrays.map((array) => sql`${array}::text[]`);
      return sql`
        insert into ${table(sql, STAGING, name)} (${each(({ column }) => identifier(sql, column))}) overriding system value
        select ${each(({ value, type }) => sql`${sql(value)}::${typeName(sql, type)}`)}
        from unnest(${list(sql, parameters)}) as rows (${each(({ value }) => sql`${sql(value)}`)})
      `;
    });
  }

  return {
    async add(bytes) {
      for (const line of splitter.add(bytes)) {
        const fields = fieldsOf(line);
        if (fields.length !== columns.length) throw new Error(`a row of ${name} has ${fields.length} fields instead of ${columns.length}`);
        for (const [at, field] of fields.entries()) batch[at]?.push(field);
        rows += 1;
        chars += line.length + 1;
        if (chars >= BATCH_CHARS) await flush();
      }
    },
    async end() {
      splitter.end();
      await flush();
      return rows;
    },
  };
}

/** Numbered columns go on where those of the set would. */
export async function continueSequences(query: Query, sequences: Manifest["sequences"]): Promise<void> {
  for (const { table: name, column, nextValue } of sequences) {
    await continueNumbering(query, { table: name, column, nextValue });
  }
}

/** By `setval`, which takes the number as a parameter; `alter column … restart with` does not. */
async function continueNumbering(query: Query, { table: name, column, nextValue }: Manifest["sequences"][number]): Promise<void> {
  const [row] = await query(
    (sql) => sql<{ nextValue: number | null }>`
      select setval(pg_get_serial_sequence(quote_ident(${STAGING}) || '.' || quote_ident(${name}), ${column}), ${nextValue}::bigint, false) as "nextValue"
    `,
  );
  if (typeof row?.nextValue !== "number") throw new Error(`the column ${column} of ${name} is not numbered in this version`);
}

/**
 * Brings the staged record up to this version, and notes what it is. Vectors get a number of generation that no collection had before, whatever
 * is in the vector store from the time after the backup.
 */
export async function finishStaging(query: Query, setName: string, { hasSessions, freshGeneration }: StageOptions): Promise<Restoration> {
  await applyMigrations(query);
  await query((sql) => sql`delete from index_generations where state <> 'live'`);
  await continueNumbering(query, { table: "index_generations", column: "number", nextValue: Math.trunc(freshGeneration) });
  await query((sql) => sql`update index_generations set number = default`);
  const id = randomUUID();
  const sessions = hasSessions ? "pending" : "none";
  await query(
    (sql) => sql`
      create table restoration (
        id text not null,
        set_name text not null,
        state text not null check (state in ('staged', 'switched', 'going back', 'finishing')),
        sessions text not null check (sessions in ('none', 'pending', 'switched')),
        at timestamptz not null default now()
      )
    `,
  );
  await query((sql) => sql`insert into restoration (id, set_name, state, sessions) values (${id}, ${setName}, 'staged', ${sessions})`);
  return { id, setName, state: "staged", sessions };
}

async function columnTypes(query: Query, name: string): Promise<ReadonlyMap<string, string>> {
  const rows = await query(
    (sql) => sql<{ name: string; type: string }>`
      select attname as name, format_type(atttypid, atttypmod) as type
      from pg_attribute
      where attrelid = to_regclass(quote_ident(${STAGING}) || '.' || quote_ident(${name})) and attnum > 0 and not attisdropped
    `,
  );
  if (rows.length === 0) throw new Error(`this version has no table ${name}`);
  return new Map(rows.map((row) => [row.name, row.type]));
}
