/** Routes that answer with JSON or, for whoever asks for them, with server-sent events. */
import type { Context } from "hono";
import * as z from "zod";
import { schemaNames } from "../api/schema-names.ts";
import type { RequestCaller } from "../http/caller.ts";
import { callerStreamResponse } from "../http/caller-stream.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import type { ServerEvent } from "../http/event-stream.ts";
import { problem, toProblem } from "../http/problem.ts";
import type { AppServices } from "../services.ts";

/** What is sent when a stream fails after it began. */
export const errorEvent = z.object({ event: z.literal("error"), data: problem }).register(schemaNames, { name: "ErrorEvent" });

export const wantsEvents = (c: Context<HttpEnvironment>): boolean => (c.req.header("accept") ?? "").includes("text/event-stream");

/** What fails before the first event is thrown, and so becomes an ordinary response with its own status; what fails later is an `error` event. */
export async function streamResponse<Event>(
  services: Pick<AppServices, "log" | "limits">,
  caller: RequestCaller,
  events: AsyncIterable<Event>,
  toServerEvent: (event: Event) => ServerEvent,
): Promise<Response> {
  const source = events[Symbol.asyncIterator]();
  const first = await source.next();
  async function* serverEvents(): AsyncGenerator<ServerEvent> {
    for (let next = first; next.done !== true; next = await source.next()) yield toServerEvent(next.value);
  }
  return callerStreamResponse(services, caller, {
    source,
    events: serverEvents(),
    describeError: (error) => toProblem(error, caller.requestId),
  });
}
