/** `POST /chat`: a cited answer, whole or streamed. */
import { type Answer, type AnswerEvent, RagError } from "@rag-personal/core";
import type { Context, Hono } from "hono";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import type { RestEnvironment } from "./environment.ts";
import { eventStreamResponse, type ServerEvent } from "./event-stream.ts";
import { toProblem, toRagError } from "./problem.ts";
import { readJson } from "./read-body.ts";
import { abortAtRequestEnd } from "./request-end.ts";
import { chatRequest } from "./schemas.ts";
import { serverIsStopping } from "./stopping.ts";

/** An answer as it goes over the wire. */
function answerBody(answer: Answer, requestId: string): Record<string, unknown> {
  const { answeredBy, ...rest } = answer;
  return { ...rest, answeredBy: answeredBy.kind, ...(answeredBy.kind === "model" ? { model: answeredBy.model } : {}), requestId };
}

function toServerEvent(event: AnswerEvent, requestId: string): ServerEvent {
  switch (event.type) {
    case "session":
      return { event: "session", data: { sessionId: event.sessionId } };
    case "sources":
      return { event: "sources", data: { sources: event.sources } };
    case "delta":
      return { event: "delta", data: { text: event.text } };
    case "done":
      return { event: "done", data: answerBody(event.answer, requestId) };
  }
}

const wantsEvents = (c: Context<RestEnvironment>): boolean => (c.req.header("accept") ?? "").includes("text/event-stream");

export function mountChat(app: Hono<RestEnvironment>, services: AppServices): void {
  const schema = chatRequest(services.limits.maxQuestionChars);
  app.post("/chat", async (c) => {
    await authorise("chat.ask", c.get("principal"));
    const input = await readJson(c, schema, services.limits);
    const requestId = c.get("requestId");
    const { stopping } = c.env;
    const gone = abortAtRequestEnd(c);
    const { signal } = gone;
    const events = services.ask({
      principal: c.get("principal"),
      question: input.question,
      sessionId: input.sessionId,
      filters: input.filters,
      signal,
    });

    if (input.stream ?? wantsEvents(c)) {
      const log = services.log.child({ requestId });
      const iterator = events[Symbol.asyncIterator]();
      // What fails before anything was said is an ordinary error response with its own status.
      const first = await iterator.next();
      async function* serverEvents(): AsyncGenerator<ServerEvent> {
        try {
          for (let next = first; next.done !== true; next = await iterator.next()) yield toServerEvent(next.value, requestId);
        } catch (thrown) {
          const error = toRagError(thrown);
          if (!signal.aborted) log.warn({ err: error.cause ?? error, code: error.code }, "stream failed");
          yield { event: "error", data: toProblem(error, requestId) };
        } finally {
          // However the reader went, the answer behind it must come to its end too.
          await iterator.return?.(undefined);
        }
      }
      return eventStreamResponse({
        events: serverEvents(),
        headers: { "x-request-id": requestId },
        onClose: () => gone.abort(),
        writeTimeoutMs: services.limits.streamWriteTimeoutMs,
        stopping: { signal: stopping, requestId },
      });
    }

    try {
      for await (const event of events) {
        if (event.type === "done") return c.json(answerBody(event.answer, requestId));
      }
    } catch (thrown) {
      throw stopping?.aborted === true ? serverIsStopping() : thrown;
    }
    throw new RagError("internal", "The answer ended before it was complete.");
  });
}
