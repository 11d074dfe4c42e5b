/** Asking without a session: the earlier turns come with the question, and nothing of them is kept. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import { serverIsStopping } from "../http/stopping.ts";
import type { AppServices } from "../services.ts";
import { conversationAnswer, conversationEvent, wireConversationEvent } from "./answer.ts";
import { filters, questionText } from "./fields.ts";
import { type Caller, procedure, streamProcedure } from "./procedure.ts";

export function createConversationProcedures(services: Pick<AppServices, "converse" | "limits">) {
  const input = z.strictObject({
    question: questionText(services.limits.maxQuestionChars),
    /** The oldest first. The last ones alone are looked at, so there may be many. */
    history: z.array(z.strictObject({ question: z.string(), answer: z.string() })).default([]),
    filters: filters.optional(),
  });
  async function* stream(request: z.output<typeof input>, { principal, signal, onStage, requestId }: Caller) {
    for await (const event of services.converse({ ...request, principal, signal, onStage })) yield wireConversationEvent(event, requestId);
  }

  return {
    ask: procedure({
      operation: "chat.ask",
      input,
      output: conversationAnswer,
      async run(request, caller) {
        try {
          for await (const event of stream(request, caller)) if (event.type === "done") return event.answer;
        } catch (thrown) {
          throw caller.stopping?.aborted === true ? serverIsStopping() : thrown;
        }
        throw new RagError("internal", "The answer ended before it was complete.");
      },
    }),
    stream: streamProcedure({ operation: "chat.ask", input, event: conversationEvent, run: stream }),
  };
}
