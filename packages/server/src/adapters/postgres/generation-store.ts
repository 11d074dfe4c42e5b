/** Generations of vectors as rows. */
import { type GenerationStore, type IndexGeneration, RagError } from "@rag-personal/core";
import type { Database } from "./database.ts";

interface GenerationRow {
  readonly number: number;
  readonly embedder_id: string;
  readonly dimensions: number;
  readonly state: IndexGeneration["state"];
  readonly created_at_ms: number;
}

export function createGenerationStore({ query, transaction }: Pick<Database, "query" | "transaction">): GenerationStore {
  return {
    async listGenerations() {
      const rows = await query(
        (sql) => sql<GenerationRow>`select number, embedder_id, dimensions, state, created_at_ms from index_generations order by number`,
      );
      return rows.map(toGeneration);
    },

    async beginGeneration({ embedderId, dimensions, createdAtMs }) {
      const [row] = await query(
        (sql) => sql<GenerationRow>`
          insert into index_generations (embedder_id, dimensions, state, created_at_ms)
          values (${embedderId}, ${dimensions}, 'building', ${createdAtMs})
          returning number, embedder_id, dimensions, state, created_at_ms
        `,
      );
      if (row === undefined) throw new Error("an insert returned no row");
      return toGeneration(row);
    },

    async switchToGeneration(number, from) {
      await transaction(async (run) => {
        // Two servers that switch at once take turns, so that neither sees two that are live.
        await run((sql) => sql`lock table index_generations in share row exclusive mode`);
        const [target] = await run((sql) => sql<{ state: string }>`select state from index_generations where number = ${number}`);
        if (target === undefined)
          throw new RagError("conflict", `Generation ${number} of the vectors is no longer there; another server may have replaced it.`);
        if (target.state === "live") return;
        const [live] = await run((sql) => sql<{ number: number }>`select number from index_generations where state = 'live'`);
        if (from !== undefined && live?.number !== from.live) throw new RagError("conflict", "Another server has made another generation live.");
        await run((sql) => sql`delete from index_generations where state = 'previous' and number <> ${number}`);
        await run((sql) => sql`update index_generations set state = 'previous' where state = 'live'`);
        await run((sql) => sql`update index_generations set state = 'live' where number = ${number}`);
      });
    },

    async removeGeneration(number) {
      await query((sql) => sql`delete from index_generations where number = ${number} and state <> 'live'`);
      const [left] = await query((sql) => sql<{ number: number }>`select number from index_generations where number = ${number}`);
      return left === undefined;
    },
  };
}

function toGeneration({ number, embedder_id, dimensions, state, created_at_ms }: GenerationRow): IndexGeneration {
  return { generation: number, embedderId: embedder_id, dimensions, state, createdAtMs: created_at_ms };
}
