/** The switch from the record in use to the one that was prepared, and back: each is one transaction. */
import { ExitError } from "../../exit-error.ts";
import type { Restoration, Restorations, SwitchOptions } from "../../operations/restoring/restoration.ts";
import { SERVER_APPLICATION } from "./client.ts";
import type { Sql } from "./column-types.ts";
import type { Query } from "./database.ts";
import { LOCK } from "./migrate.ts";
import { hasSchema, liveSchema, ourTables, PREVIOUS, STAGING } from "./record-schemas.ts";
import { identifier, type Part, table } from "./statement-parts.ts";

/** How long the switch waits for whoever reads one of the tables, in milliseconds. */
const LOCK_TIMEOUT_MS = 10_000;
/** Ten a second. */
const LOOKS = 15;

interface RestorationRow extends Omit<Restoration, "setName"> {
  readonly set_name: string;
}

export async function readRestorations(query: Query): Promise<Restorations> {
  return { staged: await readRestoration(query, STAGING), previous: await readRestoration(query, PREVIOUS) };
}

async function readRestoration(query: Query, schema: string): Promise<Restoration | undefined> {
  const [found] = await query((sql) => sql<{ found: boolean }>`select to_regclass(quote_ident(${schema}) || '.restoration') is not null as found`);
  if (found?.found !== true) return undefined;
  const [row] = await query((sql) => sql<RestorationRow>`select id, set_name, state, sessions from ${sql(schema)}.restoration`);
  return row && { id: row.id, setName: row.set_name, state: row.state, sessions: row.sessions };
}

/** Whether servers are connected to this database, as far as this user may see. One that has just been stopped is waited for. */
async function isInUse(query: Query): Promise<boolean> {
  for (let look = 0; look < LOOKS; look += 1) {
    const [row] = await query(
      (sql) => sql<{ count: number }>`
        select count(*)::integer as count
        from pg_stat_activity
        where application_name = ${SERVER_APPLICATION} and datname = current_database() and pid <> pg_backend_pid()
      `,
    );
    if (row?.count === 0) return false;
    // Otherwise the transaction would see the same again.
    await query((sql) => sql`select pg_stat_clear_snapshot(), pg_sleep(0.1)`);
  }
  return true;
}

/** Begins a switch: nobody else does meanwhile, no server brings its schema up to date, and no reader holds it up for long. */
async function begin(query: Query, { evenIfInUse }: SwitchOptions): Promise<void> {
  const [lock] = await query((sql) => sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${LOCK}::bigint) as taken`);
  if (lock?.taken !== true) throw new ExitError("A server is starting, or another restore is under way. Wait for its end, and try again.");
  if (!evenIfInUse && (await isInUse(query))) {
    throw new ExitError("A server is connected to the database: it would go on with what it holds in memory. Stop it, and try again.");
  }
  await query((sql) => sql`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`);
}

/**
 * In the transaction of `query`: the record in use becomes the previous one, and the staged one takes its place.
 *
 * @throws {ExitError} when there is nothing staged, the previous record of an earlier restore is still kept, or a server is connected.
 */
export async function switchToStaged(query: Query, options: SwitchOptions): Promise<Restoration> {
  await begin(query, options);
  const { staged, previous } = await readRestorations(query);
  if (previous !== undefined) throw keptStill(previous);
  if (staged === undefined) throw new ExitError("There is no record prepared for a switch. Run `rag restore --prepare` first.");
  const live = await liveSchema(query);
  const arriving = (await ourTables(query, STAGING, [])).filter((name) => name !== "restoration");
  await query((sql) => sql`create schema ${sql(PREVIOUS)}`);
  await move(query, await ourTables(query, live, arriving), live, PREVIOUS);
  await move(query, arriving, STAGING, live);
  await move(query, ["restoration"], STAGING, PREVIOUS);
  await note(query, (sql) => sql`state = 'switched', at = now()`);
  // Without `cascade`: whatever is left there is not ours to remove.
  await query((sql) => sql`drop schema ${sql(STAGING)}`);
  return { ...staged, state: "switched" };
}

/** In the transaction of `query`: the previous record is in use again; what was restored goes. @throws {ExitError} as {@link switchToStaged}. */
export async function switchBack(query: Query, options: SwitchOptions): Promise<Restoration> {
  await begin(query, options);
  const { previous } = await readRestorations(query);
  if (previous === undefined) throw new ExitError("There is no previous record to go back to.");
  if (previous.state === "finishing") throw new ExitError("The previous record is being removed already. Run `rag restore --finish`.");
  if (previous.state === "going back") return previous;
  const live = await liveSchema(query);
  const returning = (await ourTables(query, PREVIOUS, await ourTables(query, live, []))).filter((name) => name !== "restoration");
  await query((sql) => sql`drop schema if exists ${sql(STAGING)} cascade`);
  await query((sql) => sql`create schema ${sql(STAGING)}`);
  await move(query, await ourTables(query, live, returning), live, STAGING);
  await move(query, returning, PREVIOUS, live);
  await query((sql) => sql`drop schema ${sql(STAGING)} cascade`);
  const sessions = previous.sessions === "none" ? "none" : "pending";
  await note(query, (sql) => sql`state = 'going back', sessions = ${sessions}`);
  return { ...previous, state: "going back", sessions };
}

const keptStill = ({ setName }: Restoration): ExitError =>
  new ExitError(
    `The record from before the restore of ${setName} is still kept. Remove it with \`rag restore --finish\`, or go back to it with \`rag restore --back\`.`,
  );

/** Notes that sessions have followed the record. */
export const noteSessionsSwitched = (query: Query): Promise<void> => note(query, (sql) => sql`sessions = 'switched'`);

/** From here on the previous record cannot be gone back to. */
export const noteFinishing = (query: Query): Promise<void> => note(query, (sql) => sql`state = 'finishing'`);

/** Removes what restores have left behind, the previous record included. */
export async function dropPrevious(query: Query): Promise<void> {
  await query((sql) => sql`drop schema if exists ${sql(PREVIOUS)} cascade`);
}

export async function dropStaged(query: Query): Promise<boolean> {
  if (!(await hasSchema(query, STAGING))) return false;
  await query((sql) => sql`drop schema if exists ${sql(STAGING)} cascade`);
  return true;
}

async function note(query: Query, change: (sql: Sql) => Part): Promise<void> {
  await query((sql) => sql`update ${sql(PREVIOUS)}.restoration set ${change(sql)}`);
}

async function move(query: Query, names: readonly string[], from: string, to: string): Promise<void> {
  for (const name of names) await query((sql) => sql`alter table ${table(sql, from, name)} set schema ${identifier(sql, to)}`);
}
