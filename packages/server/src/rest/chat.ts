/** `POST /chat`: a cited answer, whole or streamed. */
import * as z from "zod";
import { answer, source, type WireAnswerEvent } from "../api/answer.ts";
import type { Api } from "../api/api.ts";
import { schemaNames } from "../api/schema-names.ts";
import { callerOf } from "../http/caller.ts";
import type { ServerEvent } from "../http/event-stream.ts";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { type Route, readInput } from "./route.ts";
import { errorEvent, streamResponse, wantsEvents } from "./streaming.ts";

/** In this order, `delta` any number of times, `error` in place of what would have come. */
const answerServerEvent = z
  .discriminatedUnion("event", [
    z.object({ event: z.literal("session"), data: z.object({ sessionId: z.string() }) }).register(schemaNames, { name: "SessionEvent" }),
    z.object({ event: z.literal("sources"), data: z.object({ sources: z.array(source) }) }).register(schemaNames, { name: "SourcesEvent" }),
    z.object({ event: z.literal("delta"), data: z.object({ text: z.string() }) }).register(schemaNames, { name: "DeltaEvent" }),
    z.object({ event: z.literal("done"), data: answer }).register(schemaNames, { name: "AnswerEvent" }),
    errorEvent,
  ])
  .describe("One event of a streamed answer: its name, and its data as JSON.")
  .register(schemaNames, { name: "ChatEvent" });

function toServerEvent(event: WireAnswerEvent): ServerEvent {
  switch (event.type) {
    case "session":
      return { event: "session", data: { sessionId: event.sessionId } };
    case "sources":
      return { event: "sources", data: { sources: event.sources } };
    case "delta":
      return { event: "delta", data: { text: event.text } };
    case "done":
      return { event: "done", data: event.answer };
  }
}

export function chatRoute({ chat }: Api, services: AppServices): Route {
  const { ask, stream } = chat;
  const streamed = z.boolean().optional().describe("Default: whether `Accept` names `text/event-stream`.");
  const input = ask.input.extend({ stream: streamed }).register(schemaNames, { name: "ChatRequest" });
  return {
    method: "POST",
    path: "/chat",
    operation: ask.operation,
    takes: "json",
    input,
    status: 200,
    output: ask.output,
    event: answerServerEvent,
    async handle(c) {
      const caller = callerOf(c);
      await authorise(ask.operation, caller.principal);
      const { stream: isStream = wantsEvents(c), ...request } = await readInput(c, "json", input, services.limits);
      if (isStream) return await streamResponse(services, caller, stream.run(request, caller), toServerEvent);
      return c.body(JSON.stringify(await ask.run(request, caller)), 200, { "content-type": "application/json" });
    },
  };
}
