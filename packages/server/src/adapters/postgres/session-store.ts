/** Sessions as rows, written by compare-and-set on their version; calls of many askers at once are one statement. */
import { type Continuation, continuationOf, type Session, type SessionStore, type Turn } from "@rag-personal/core";
import { LRUCache } from "lru-cache";
import { createBatches } from "./batches.ts";
import { JSONB } from "./column-types.ts";
import type { Database, Query } from "./database.ts";
import { isStorableText, toStorableText } from "./storable-text.ts";
import { isFaultOfOneRow } from "./store-errors.ts";

interface SessionRow {
  readonly id: string;
  readonly principal: string;
  readonly version: number;
  readonly turns: readonly Turn[];
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

/** What is known of a session already, and so need not travel. */
type Known = Session | undefined;

interface Reading {
  readonly principal: string;
  readonly id: string;
  readonly known: Known;
}

interface Writing {
  readonly session: Session;
  /** Undefined: all turns are sent. Otherwise those of the version before stay, but for the first `dropped`, and these are added. */
  readonly continuation: (Continuation & { readonly base: Session }) | undefined;
}

/** UTF-16 units of turns in one statement: the embedded server takes quadratic time for a large message. */
const BATCH_UNITS = 200_000;
const READ_ROWS = 100;
/** Statements of one kind under way at once: a row that somebody else has locked holds up one of them alone. */
const CONCURRENCY = 2;
/** Sessions used last, to read and to write what is new alone: about 10 MB at most. */
const KNOWN = { max: 2_000, maxSize: 5_000_000 };

/** Keeps sessions exactly, but for NUL and halves of surrogate pairs, which become U+FFFD. */
export function createSessionStore({ query, connections }: Pick<Database, "query" | "connections">): SessionStore {
  const concurrency = Math.min(CONCURRENCY, connections);
  const known = new LRUCache<string, Session>({ ...KNOWN, sizeCalculation: ({ turns }) => 1 + unitsOf(turns) });

  const read = createBatches<Reading, Known>({
    run: (readings) => loadSessions(query, readings),
    maxUnits: READ_ROWS,
    concurrency,
  });
  const write = createBatches<Writing, boolean>({
    run: (writings) => saveSessions(query, writings),
    keyOf: ({ session }) => toStorableText(session.id),
    unitsOf: ({ session, continuation }) => unitsOf(continuation?.added ?? session.turns),
    maxUnits: BATCH_UNITS,
    concurrency,
    isOfOneItem: isFaultOfOneRow,
  });

  return {
    async load(principal, id) {
      const session = await read({ principal, id, known: known.get(id) });
      if (session === undefined) known.delete(id);
      else known.set(id, session);
      return session;
    },

    async list(principal, limit, after) {
      const { id, updatedAtMs } = after ?? { id: "", updatedAtMs: Number.MAX_SAFE_INTEGER };
      const rows = await query(
        (sql) => sql<SessionRow>`
          select id, principal, version, turns, created_at_ms, updated_at_ms
          from sessions
          where principal = ${principal}
            and updated_at_ms <= ${updatedAtMs}
            and (updated_at_ms < ${updatedAtMs} or id > ${id})
          order by updated_at_ms desc, id
          limit ${limit}
        `,
      );
      return rows.map(toSession);
    },

    async save(session) {
      const { id } = session;
      const base = known.get(id);
      const found = continuationOf(session, base);
      const continuation = base && found && { ...found, base };
      const isSaved = await write({ session, continuation });
      // What the store keeps in another spelling than it was given is not known here.
      if (isSaved && isStorable(session, continuation?.added ?? session.turns)) known.set(id, session);
      else known.delete(id);
      return isSaved;
    },

    async remove(principal, id) {
      known.delete(id);
      const { count } = await query((sql) => sql`delete from sessions where id = ${id} and principal = ${principal}`);
      return count === 1;
    },

    async prune(principal, keep) {
      // Two that prune at once must not wait for each other: what one is removing, the other leaves to it. The inner select stands by
      // itself because `for update` beside `offset` would lock the rows that it skips as well.
      const { count } = await query(
        (sql) => sql`
          delete from sessions
          where id in (
            select id
            from sessions
            where id in (select id from sessions where principal = ${principal} order by updated_at_ms desc, id offset ${keep})
            for update skip locked
          )
        `,
      );
      return count;
    },
  };
}

async function loadSessions(query: Query, readings: readonly Reading[]): Promise<Known[]> {
  const given = readings.map(({ principal, id, known }, at) => ({ at, principal, id, version: known?.version, updated: known?.updatedAtMs }));
  const rows = await query(
    (sql) => sql<Omit<SessionRow, "turns"> & { at: number; turns: readonly Turn[] | null }>`
      select given.at, s.id, s.principal, s.version, s.created_at_ms, s.updated_at_ms,
        case when s.version = given.version and s.updated_at_ms = given.updated then null else s.turns end as turns
      from jsonb_to_recordset(${sql.typed(given, JSONB)}) as given (at integer, principal text, id text, version integer, updated bigint)
      join sessions s on s.id = given.id and s.principal = given.principal
    `,
  );
  const found = new Map(rows.map((row) => [row.at, row]));
  return readings.map(({ known }, at) => {
    const row = found.get(at);
    if (row === undefined) return undefined;
    return row.turns === null ? known : toSession({ ...row, turns: row.turns });
  });
}

async function saveSessions(query: Query, writings: readonly Writing[]): Promise<boolean[]> {
  const given = writings.map(({ session, continuation }, at) => ({
    at,
    id: session.id,
    principal: session.principal,
    version: session.version,
    turns: continuation?.added ?? session.turns,
    base: continuation?.base.updatedAtMs,
    dropped: continuation?.dropped,
    created: session.createdAtMs,
    updated: session.updatedAtMs,
  }));
  const rows = await query(
    (sql) => sql<{ at: number }>`
      with given as (
        select *
        from jsonb_to_recordset(${sql.typed(given, JSONB)}) as given (
          at integer, id text, principal text, version integer, turns jsonb, base bigint, dropped integer, created bigint, updated bigint
        )
      ),
      begun as (
        insert into sessions (id, principal, version, turns, created_at_ms, updated_at_ms)
        select id, principal, 1, turns, created, updated from given where version = 1
        on conflict (id) do nothing
        returning id
      ),
      continued as (
        update sessions s
        set
          version = given.version,
          turns = case
            when given.dropped is null then given.turns
            when given.dropped = 0 then s.turns || given.turns
            else jsonb_path_query_array(s.turns, '$[$first to last]', jsonb_build_object('first', given.dropped)) || given.turns
          end,
          created_at_ms = given.created,
          updated_at_ms = given.updated
        from given
        where s.id = given.id and s.principal = given.principal and s.version = given.version - 1
          and (given.base is null or given.base = s.updated_at_ms)
        returning given.at
      )
      select given.at from begun join given on given.id = begun.id
      union all
      select at from continued
    `,
  );
  const saved = new Set(rows.map(({ at }) => at));
  return writings.map((_, at) => saved.has(at));
}

function toSession(row: SessionRow): Session {
  const { id, principal, version, turns, created_at_ms: createdAtMs, updated_at_ms: updatedAtMs } = row;
  return { id, principal, version, turns, createdAtMs, updatedAtMs };
}

function textsOf({ question, standaloneQuestion, answer, citedTitles }: Turn): readonly string[] {
  return [question, standaloneQuestion, answer, ...citedTitles];
}

function unitsOf(turns: readonly Turn[]): number {
  return turns.reduce((sum, { question, standaloneQuestion, answer }) => sum + question.length + standaloneQuestion.length + answer.length, 0);
}

function isStorable({ id, principal }: Session, turns: readonly Turn[]): boolean {
  return isStorableText(id) && isStorableText(principal) && turns.every((turn) => textsOf(turn).every(isStorableText));
}
