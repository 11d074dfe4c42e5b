/**
 * Where the record lies, and where its copies do: the schema in use, one in which a restore prepares the next record, and one that keeps
 * the record that was replaced until the next one is known to work. Which tables are ours is told by what the migrations noted on them.
 */
import type { Query } from "./database.ts";
import { identifier, literal } from "./statement-parts.ts";

/** A record that is being restored, whole once it is seen. */
export const STAGING = "rag_restoring";
/** The record that was replaced. */
export const PREVIOUS = "rag_previous";
/** The comment of every table that a migration of this program has made. */
export const OUR_TABLE = "rag-personal";

/** The schema that holds the record in use; where it would be made when there is none. */
export async function liveSchema(query: Query): Promise<string> {
  const [row] = await query(
    (sql) => sql<{ name: string }>`
      select coalesce(
        (select relnamespace::regnamespace::text from pg_class where oid = to_regclass('schema_migrations')),
        quote_ident(current_schema())
      ) as name
    `,
  );
  // The name comes quoted where it needs to be.
  const name = row?.name ?? "public";
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** Tables of this program in a schema: those that carry its mark, and those named, which an earlier version may have left unmarked. */
export async function ourTables(query: Query, schema: string, alsoNamed: readonly string[]): Promise<string[]> {
  const names = JSON.stringify(alsoNamed);
  const rows = await query(
    (sql) => sql<{ name: string }>`
      select relname as name
      from pg_class
      where relnamespace = to_regnamespace(quote_ident(${schema}))
        and relkind in ('r', 'p')
        and (obj_description(oid, 'pg_class') = ${OUR_TABLE} or relname in (select jsonb_array_elements_text(${names}::text::jsonb)))
      order by relname
    `,
  );
  return rows.map(({ name }) => name);
}

/** Marks the tables of the schema in which the migrations run that were not there before them. */
export async function markOurTables(query: Query, before: ReadonlySet<string>): Promise<void> {
  for (const name of await tablesHere(query)) {
    if (before.has(name)) continue;
    await query((sql) => sql`comment on table ${identifier(sql, name)} is ${literal(sql, OUR_TABLE)}`);
  }
}

/** Tables of the schema in which things are made now. */
export async function tablesHere(query: Query): Promise<ReadonlySet<string>> {
  const rows = await query(
    (sql) => sql<{ name: string }>`
      select relname as name from pg_class where relnamespace = to_regnamespace(quote_ident(current_schema())) and relkind in ('r', 'p')
    `,
  );
  return new Set(rows.map(({ name }) => name));
}

export async function hasSchema(query: Query, name: string): Promise<boolean> {
  const [row] = await query((sql) => sql<{ found: boolean }>`select to_regnamespace(${name}) is not null as found`);
  return row?.found === true;
}
