/** A principal's own conversations. Somebody else's look exactly like none. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import { principalName } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { decodeTimedCursor, encodeTimedCursor } from "./cursor.ts";
import { byId, count, isoTime, page, time } from "./fields.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

const summary = z
  .object({ id: z.string(), turnCount: count, createdAt: time, updatedAt: time, lastQuestion: z.string().nullable() })
  .register(schemaNames, { name: "SessionSummary" });

const turn = z
  .object({
    question: z.string(),
    standaloneQuestion: z.string().describe("What was searched for."),
    answer: z.string(),
    answerable: z.boolean(),
    citedTitles: z.array(z.string()),
    at: time,
  })
  .describe("One question and its answer.")
  .register(schemaNames, { name: "Turn" });

const session = z.object({ id: z.string(), createdAt: time, updatedAt: time, turns: z.array(turn) }).register(schemaNames, { name: "Session" });

const noSession = (): RagError => new RagError("not_found", "There is no session with this id. Ask without sessionId to start one.");

export function createSessionProcedures({ sessions }: Pick<AppServices, "sessions">) {
  return {
    list: procedure({
      operation: "sessions.list",
      input: z.strictObject(page),
      output: z.object({ sessions: z.array(summary), nextCursor: z.string().nullable() }),
      async run({ limit, cursor }, { principal }) {
        const after = cursor === undefined ? undefined : decodeTimedCursor(cursor);
        // One more tells whether there is another page.
        const found = await sessions.list(principalName(principal), limit + 1, after && { id: after.id, updatedAtMs: after.atMs });
        const own = found.slice(0, limit);
        const last = found.length > limit ? own.at(-1) : undefined;
        return {
          nextCursor: last === undefined ? null : encodeTimedCursor({ id: last.id, atMs: last.updatedAtMs }),
          sessions: own.map(({ id, turns, createdAtMs, updatedAtMs }) => ({
            id,
            turnCount: turns.length,
            createdAt: isoTime(createdAtMs),
            updatedAt: isoTime(updatedAtMs),
            lastQuestion: turns.at(-1)?.question ?? null,
          })),
        };
      },
    }),
    get: procedure({
      operation: "sessions.get",
      input: byId,
      output: session,
      async run({ id }, { principal }) {
        const found = await sessions.load(principalName(principal), id);
        if (found === undefined) throw noSession();
        return {
          id: found.id,
          createdAt: isoTime(found.createdAtMs),
          updatedAt: isoTime(found.updatedAtMs),
          turns: found.turns.map(({ atMs, ...rest }) => ({ ...rest, at: isoTime(atMs) })),
        };
      },
    }),
    delete: procedure({
      operation: "sessions.delete",
      input: byId,
      output: z.void(),
      async run({ id }, { principal }) {
        if (!(await sessions.remove(principalName(principal), id))) throw noSession();
      },
    }),
  };
}
