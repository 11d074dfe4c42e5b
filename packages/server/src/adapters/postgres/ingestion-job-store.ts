/** Ingestion jobs as rows. */
import type { IngestionJob, IngestionJobStore, IngestionJobSummary } from "../../ingestion-jobs.ts";
import { JSONB } from "./column-types.ts";
import type { Query } from "./database.ts";

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

export function createIngestionJobStore({ query }: { readonly query: Query }): IngestionJobStore {
  return {
    async saveJob({ id, state, startedAt, finishedAt, progress, counts, files, error }) {
      await query(
        (sql) => sql`
          insert into ingestion_jobs (id, state, started_at, finished_at, progress, counts, files, error)
          values (
            ${id}, ${state}, ${startedAt}, ${finishedAt},
            ${sql.typed(progress, JSONB)}, ${sql.typed(counts, JSONB)}, ${sql.typed(files, JSONB)}, ${error}
          )
          on conflict (id) do update set
            state = excluded.state,
            started_at = excluded.started_at,
            finished_at = excluded.finished_at,
            progress = excluded.progress,
            counts = excluded.counts,
            files = excluded.files,
            error = excluded.error
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

    async interruptRunningJobs(finishedAt) {
      const { count } = await query(
        (sql) => sql`
          update ingestion_jobs
          set state = 'interrupted', finished_at = ${finishedAt}
          where state = 'running'
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
