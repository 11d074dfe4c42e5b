/** What continuous archiving needs to know of a PostgreSQL, and the slot by which the server keeps WAL for us. */
import { ExitError } from "../../exit-error.ts";
import type { Database } from "./database.ts";

export interface ReplicationFacts {
  /** That PostgreSQL gave the database when it was made. */
  readonly systemIdentifier: string;
  readonly major: number;
  readonly segmentBytes: number;
}

export interface SlotStatus {
  /** The server has thrown away what the slot stood for. */
  readonly isLost: boolean;
  /** Bytes of WAL that the server keeps for the slot. */
  readonly keptBytes: number;
}

const VERSION_UNIT = 10_000;

/** @throws {ExitError} when the server cannot archive, or a slot could fill its disk. */
export async function readReplicationFacts({ query }: Pick<Database, "query">): Promise<ReplicationFacts> {
  const [row] = await query(
    (sql) => sql<{ systemIdentifier: string; version: number; segmentBytes: number; walLevel: string; keep: number; mayReplicate: boolean }>`
      select
        (select system_identifier::text from pg_control_system()) as "systemIdentifier",
        current_setting('server_version_num')::integer as version,
        (select setting::integer from pg_settings where name = 'wal_segment_size') as "segmentBytes",
        current_setting('wal_level') as "walLevel",
        (select setting::integer from pg_settings where name = 'max_slot_wal_keep_size') as keep,
        (select rolsuper or rolreplication from pg_roles where rolname = current_user) as "mayReplicate"
    `,
  );
  if (row === undefined) throw new Error("a select without a table returned no row");
  if (row.walLevel === "minimal") throw cannot("its wal_level is minimal", "set wal_level = replica");
  if (!row.mayReplicate) throw cannot("this user may not replicate", "alter role … replication");
  if (row.keep < 0) {
    throw cannot(
      "max_slot_wal_keep_size has no bound, so that its disk would fill while the archive is away",
      "set max_slot_wal_keep_size, such as 4GB",
    );
  }
  return { systemIdentifier: row.systemIdentifier, major: Math.floor(row.version / VERSION_UNIT), segmentBytes: row.segmentBytes };
}

const cannot = (reason: string, remedy: string): ExitError =>
  new ExitError(`The PostgreSQL cannot be archived continuously: ${reason}. There: ${remedy}.`);

/** Undefined when there is no slot. */
export async function readSlot({ query }: Pick<Database, "query">, name: string): Promise<SlotStatus | undefined> {
  const [row] = await query(
    (sql) => sql<{ status: string | null; keptBytes: number }>`
      select wal_status as status, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint as "keptBytes"
      from pg_replication_slots
      where slot_name = ${name}
    `,
  );
  return row && { isLost: row.status === "lost", keptBytes: row.keptBytes };
}

/** From now on the server keeps WAL for the slot. */
export async function createSlot({ query }: Pick<Database, "query">, name: string): Promise<void> {
  await query((sql) => sql`select pg_create_physical_replication_slot(${name}, true)`);
}

export async function dropSlot({ query }: Pick<Database, "query">, name: string): Promise<void> {
  await query((sql) => sql`select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ${name} and not active`);
}
