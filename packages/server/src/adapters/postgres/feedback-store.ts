/** Feedback as rows, each under its client's idempotency key. */
import type { FeedbackStore } from "@rag-personal/core";
import type { Query } from "./database.ts";

export function createFeedbackStore({ query }: { readonly query: Query }): FeedbackStore {
  return {
    async saveFeedback({ id, principal, rating, requestId = null, sessionId = null, comment = null, atMs }) {
      const { count } = await query(
        (sql) => sql`
          insert into feedback (id, principal, rating, request_id, session_id, comment, at_ms)
          values (${id}, ${principal}, ${rating}, ${requestId}, ${sessionId}, ${comment}, ${atMs})
          on conflict (id) do nothing
        `,
      );
      return count === 1;
    },

    async countFeedback() {
      const [row] = await query(
        (sql) => sql<{ up: number; down: number }>`
          select count(*) filter (where rating = 'up') as up, count(*) filter (where rating = 'down') as down
          from feedback
        `,
      );
      return { up: row?.up ?? 0, down: row?.down ?? 0 };
    },
  };
}
