/** Ingestion jobs as rows. */
import type { IngestionJob, IngestionJobSummary } from "../../ingestion-job.ts";
import type { IngestionJobStore } from "../../ingestion-job-store.ts";
import { JSONB } from "./column-types.ts";
import type { Database } from "./database.ts";

/** Our place among the advisory locks of a shared server: the first eight hexadecimal digits of SHA-256 of "rag-personal ingestion". */
const LOCK = 0x01a0a314;
/** A job of which nothing was heard for so long is in nobody's hand any more. */
const SILENT = "10 seconds";

interface JobRow {
  readonly id: string;
  readonly state: IngestionJob["state"];
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly progress: IngestionJob["progress"];
  readonly counts: IngestionJob["counts"];
  readonly files: IngestionJob["files"];
  readonly error: string | null;
}

export function createIngestionJobStore({ query, transaction }: Pick<Database, "query" | "transaction">): IngestionJobStore {
  return {
    async saveJob({ id, state, startedAt, finishedAt, progress, counts, files, error }, holder) {
      await query(
        (sql) => sql`
          insert into ingestion_jobs (id, state, started_at, finished_at, progress, counts, files, error, holder)
          values (
            ${id}, ${state}, ${startedAt}, ${finishedAt},
            ${sql.typed(progress, JSONB)}, ${sql.typed(counts, JSONB)}, ${sql.typed(files, JSONB)}, ${error}, ${holder}
          )
          on conflict (id) do update set
            state = excluded.state,
            started_at = excluded.started_at,
            finished_at = excluded.finished_at,
            progress = excluded.progress,
            counts = excluded.counts,
            files = excluded.files,
            error = excluded.error,
            renewed_at = now()
          where ingestion_jobs.state = 'running' or excluded.state <> 'running'
        `,
      );
    },

    async getJob(id) {
      const [row] = await query(
        (sql) => sql<JobRow>`
          select id, state, started_at, finished_at, progress, counts, files, error
          from ingestion_jobs
          where id = ${id}
        `,
      );
      if (row === undefined) return undefined;
      const { started_at: startedAt, finished_at: finishedAt, ...job } = row;
      return { ...job, startedAt, finishedAt };
    },

    async takeTurn(id) {
      return await transaction(async (run) => {
        // Of two that ask at once, the second sees that the first is at work.
        await run((sql) => sql`select pg_advisory_xact_lock(${LOCK}::bigint)`);
        const { count } = await run(
          (sql) => sql`
            update ingestion_jobs
            set is_at_work = true, renewed_at = clock_timestamp()
            where id = ${id} and state = 'running' and not exists (
              select from ingestion_jobs other
              where other.state = 'running' and other.is_at_work and other.id <> ${id}
                and other.renewed_at > clock_timestamp() - ${SILENT}::interval
            )
          `,
        );
        return count > 0;
      });
    },

    async renewJob({ id, progress, counts }) {
      const { count } = await query(
        (sql) => sql`
          update ingestion_jobs
          set progress = ${sql.typed(progress, JSONB)}, counts = ${sql.typed(counts, JSONB)}, renewed_at = now()
          where id = ${id} and state = 'running'
        `,
      );
      return count > 0;
    },

    async hasRunningJob() {
      const rows = await query((sql) => sql`select from ingestion_jobs where state = 'running' limit 1`);
      return rows.length > 0;
    },

    async interruptJobs({ holder, finishedAt }) {
      const { count } = await query(
        (sql) => sql`
          update ingestion_jobs
          set state = 'interrupted', finished_at = ${finishedAt}
          where state = 'running'
            and (renewed_at < now() - ${SILENT}::interval or (${holder ?? null}::text is not null and coalesce(holder, ${holder ?? null}) = ${holder ?? null}))
        `,
      );
      return count;
    },

    async pruneJobs(keep) {
      const { count } = await query(
        (sql) => sql`
          delete from ingestion_jobs
          where id in (
            select id
            from ingestion_jobs
            where state <> 'running'
            order by started_at desc, id
            offset ${keep}
          )
        `,
      );
      return count;
    },

    async listJobs({ limit, after, state }) {
      const rows = await query(
        (sql) => sql<Omit<JobRow, "files">>`
          select id, state, started_at, finished_at, progress, counts, error
          from ingestion_jobs
          where (${state ?? null}::text is null or state = ${state ?? null})
            and (
              ${after?.startedAt ?? null}::text is null or started_at < ${after?.startedAt ?? null}
              or (started_at = ${after?.startedAt ?? null} and id > ${after?.id ?? null})
            )
          order by started_at desc, id
          limit ${limit}
        `,
      );
      return rows.map(({ started_at: startedAt, finished_at: finishedAt, ...job }): IngestionJobSummary => ({ ...job, startedAt, finishedAt }));
    },
  };
}
