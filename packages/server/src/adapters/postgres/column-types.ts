/** How values travel to and from columns, where the driver's own way does not fit. */
import type postgres from "postgres";
import { toStorableJson, toStorableText } from "./storable-text.ts";

/** `pg_type.oid` of `jsonb`, for `sql.typed(value, JSONB)`: unlike `sql.json` it takes any type that is written as JSON. */
export const JSONB = 3802;

export const COLUMN_TYPES = {
  text: { to: 25, from: [25], serialize: toStorableText, parse: (raw: string) => raw },
  json: { to: JSONB, from: [114, JSONB], serialize: toStorableJson, parse: (raw: string): unknown => JSON.parse(raw) },
  /** Milliseconds and sizes: whole numbers far below 2^53. */
  bigint: { to: 20, from: [20], serialize: String, parse: Number },
};

/** The tag with which statements are written. */
export type Sql = Pick<postgres.ISql, "typed" | "file" | "unsafe"> &
  /** A name as it stands in a statement. */
  ((name: string) => postgres.Helper<string, []>) &
  (<Row extends object>(
    template: TemplateStringsArray,
    ...parameters: readonly postgres.ParameterOrFragment<never>[]
  ) => postgres.PendingQuery<Row[]>);
