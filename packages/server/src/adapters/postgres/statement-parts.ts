/**
 * Parts of a statement for which SQL takes no parameter. Here alone text becomes SQL as it stands, which `no-unsafe-sql.grit` sees to: a text
 * within quotes that it cannot leave, and the name of a type that PostgreSQL itself has told.
 */
import type postgres from "postgres";
import type { Sql } from "./column-types.ts";

/** To be set into a statement; sent by itself it means nothing. */
export type Part = postgres.Fragment;

/** A name, whatever is in it. The driver would take a dot for the one between a schema and its table, so a dot travels as an escape. */
export const identifier = (sql: Sql, name: string): Part =>
  name.includes(".") ? sql`U&${sql(name.replaceAll("\\", "\\\\").replaceAll(".", "\\002E"))}` : sql`${sql(name)}`;

export const table = (sql: Sql, schema: string, name: string): Part => sql`${identifier(sql, schema)}.${identifier(sql, name)}`;

/** Parts with commas between them. */
export const list = (sql: Sql, parts: readonly Part[]): Part => sql`${parts.map((part, at) => (at === 0 ? part : sql`, ${part}`))}`;

/**
 * A text where a statement has no place for a parameter, as in `comment on` and `copy`. It cannot end early: each quote in it is doubled, and
 * a backslash is a letter like others, which `standard_conforming_strings` says; what reads texts of others this way sets it.
 */
export const literal = (sql: Sql, text: string): Part => sql.unsafe(`'${text.replaceAll("'", "''")}'`);

/** @param type as PostgreSQL's own `format_type` writes it, with its quotes where a name needs them; no other text may be given. */
export const typeName = (sql: Sql, type: string): Part => sql.unsafe(type);
