/** A judgement of an answer; the same id twice counts once. */
import * as z from "zod";
import { principalName } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { identifier } from "./fields.ts";
import { procedure } from "./procedure.ts";
import { schemaNames } from "./schema-names.ts";

export function createFeedbackProcedures(services: Pick<AppServices, "saveFeedback" | "newId" | "now">) {
  return {
    write: procedure({
      operation: "feedback.write",
      input: z
        .strictObject({
          id: z.uuid().optional().describe("The idempotency key: the same id twice counts once. Default: a new one."),
          rating: z.enum(["up", "down"]),
          requestId: identifier.optional().describe("Of the answer that is judged."),
          sessionId: identifier.optional(),
          comment: z.string().max(5_000).optional(),
        })
        .register(schemaNames, { name: "Feedback" }),
      output: z.object({ id: z.string(), stored: z.literal(true) }),
      async run({ id = services.newId(), ...judgement }, { principal }) {
        await services.saveFeedback({ ...judgement, id, principal: principalName(principal), atMs: services.now() });
        return { id, stored: true as const };
      },
    }),
  };
}
