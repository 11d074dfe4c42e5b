/** Asking: a cited answer, whole or as it is written. */
import { RagError } from "@rag-personal/core";
import * as z from "zod";
import { serverIsStopping } from "../http/stopping.ts";
import type { AppServices } from "../services.ts";
import { answer, answerEvent, wireAnswer, wireAnswerEvent } from "./answer.ts";
import { filters, identifier, questionText } from "./fields.ts";
import { type Caller, procedure, streamProcedure } from "./procedure.ts";

export function createChatProcedures(services: Pick<AppServices, "ask" | "limits">) {
  const input = z.strictObject({
    question: questionText(services.limits.maxQuestionChars),
    sessionId: identifier.optional(),
    filters: filters.optional(),
  });
  const ask = (request: z.output<typeof input>, { principal, signal, onStage }: Caller) => services.ask({ ...request, principal, signal, onStage });

  return {
    ask: procedure({
      operation: "chat.ask",
      input,
      output: answer,
      async run(request, caller) {
        try {
          for await (const event of ask(request, caller)) if (event.type === "done") return wireAnswer(event.answer, caller.requestId);
        } catch (thrown) {
          throw caller.stopping?.aborted === true ? serverIsStopping() : thrown;
        }
        throw new RagError("internal", "The answer ended before it was complete.");
      },
    }),
    stream: streamProcedure({
      operation: "chat.ask",
      input,
      event: answerEvent,
      async *run(request, caller) {
        for await (const event of ask(request, caller)) yield wireAnswerEvent(event, caller.requestId);
      },
    }),
  };
}
