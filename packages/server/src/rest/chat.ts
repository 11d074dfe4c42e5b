/** `POST /chat`: a cited answer, whole or streamed. */
import { z } from "zod";
import type { WireAnswerEvent } from "../api/answer.ts";
import type { Api } from "../api/api.ts";
import { callerOf } from "../http/caller.ts";
import type { ServerEvent } from "../http/event-stream.ts";
import { authorise } from "../policy.ts";
import type { AppServices } from "../services.ts";
import { type Route, readInput } from "./route.ts";
import { streamResponse, wantsEvents } from "./streaming.ts";

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
  const input = ask.input.extend({ stream: z.boolean().optional() });
  return {
    method: "POST",
    path: "/chat",
    operation: ask.operation,
    takes: "json",
    input,
    status: 200,
    output: ask.output,
    event: stream.event,
    async handle(c) {
      const caller = callerOf(c);
      await authorise(ask.operation, caller.principal);
      const { stream: isStream = wantsEvents(c), ...request } = await readInput(c, "json", input, services.limits);
      if (isStream) return await streamResponse(services, caller, stream.run(request, caller), toServerEvent);
      return c.body(JSON.stringify(await ask.run(request, caller)), 200, { "content-type": "application/json" });
    },
  };
}
