/** The log of what changes in the record, by which servers that share it keep their indexes in step. */
import type { IndexChangeLog } from "../../record-follower.ts";
import { JSONB } from "./column-types.ts";
import type { Database, Query } from "./database.ts";

/** What is listened to for being woken up; the log itself is the truth. */
export const CHANGES_CHANNEL = "rag_index_changes";
/** Changes kept: a server that was away for longer compares everything instead. */
export const KEPT_CHANGES = 10_000;

/**
 * Notes a change, as the last statement of the transaction that makes it: from here until its end all others wait.
 *
 * @param documentId null for the semantic space.
 */
export async function noteChange(run: Query, documentId: string | null): Promise<void> {
  await run(
    (sql) => sql`
      with counter as (update index_change_counter set last = last + 1 returning last),
        outdated as (delete from index_changes where number <= (select last from counter) - ${KEPT_CHANGES}::bigint),
        noted as (insert into index_changes (number, document_id) select last, ${documentId} from counter)
      select pg_notify(${CHANGES_CHANNEL}, '')
    `,
  );
}

export function createChangeLog({ query }: Pick<Database, "query">): IndexChangeLog {
  return {
    async position() {
      const [row] = await query((sql) => sql<{ log: string; last: number }>`select log::text, last from index_change_counter`);
      if (row === undefined) throw new Error("the log of changes has no counter");
      return { log: row.log, number: row.last };
    },

    async changesSince({ log, number }) {
      // One statement, so that the number and the changes up to it belong together.
      const [row] = await query(
        (sql) => sql<{ log: string; last: number; oldest: number | null; changed: readonly (string | null)[] | null }>`
          select
            c.log::text,
            c.last,
            (select min(i.number) from index_changes i) as oldest,
            (select json_agg(distinct i.document_id) from index_changes i where i.number > ${number}::bigint) as changed
          from index_change_counter c
        `,
      );
      if (row === undefined) throw new Error("the log of changes has no counter");
      const position = { log: row.log, number: row.last };
      const isWhole = row.log === log && row.last >= number && (row.last === number || (row.oldest ?? row.last + 1) <= number + 1);
      if (!isWhole) return { position, documentIds: undefined, hasNewSpace: true };
      const changed = row.changed ?? [];
      return { position, documentIds: new Set(changed.filter((id) => id !== null)), hasNewSpace: changed.includes(null) };
    },

    async versionsOf(documentIds) {
      const rows = await query(
        (sql) => sql<{ id: string; content_hash: string; chunk_count: number }>`
          select id, content_hash, chunk_count
          from documents
          where id in (select jsonb_array_elements_text(${sql.typed(documentIds, JSONB)}))
        `,
      );
      return new Map(rows.map(({ id, content_hash: contentHash, chunk_count: chunkCount }) => [id, { contentHash, chunkCount }]));
    },
  };
}
