/** Routes that answer with JSON or, for whoever asks for them, with server-sent events. */
import type { Context } from "hono";
import * as z from "zod";
import { schemaNames } from "../api/schema-names.ts";
import type { RequestCaller } from "../http/caller.ts";
import type { HttpEnvironment } from "../http/environment.ts";
import { eventStreamResponse, type ServerEvent } from "../http/event-stream.ts";
import { problem, toProblem, toRagError } from "../http/problem.ts";
import type { AppServices } from "../services.ts";

/** What is sent when a stream fails after it began. */
export const errorEvent = z.object({ event: z.literal("error"), data: problem }).register(schemaNames, { name: "ErrorEvent" });

export const wantsEvents = (c: Context<HttpEnvironment>): boolean => (c.req.header("accept") ?? "").includes("text/event-stream");

/** What fails before the first event is thrown, and so becomes an ordinary response with its own status; what fails later is an `error` event. */
export async function streamResponse<Event>(
  { log, limits }: Pick<AppServices, "log" | "limits">,
  caller: RequestCaller,
  events: AsyncIterable<Event>,
  toServerEvent: (event: Event) => ServerEvent,
): Promise<Response> {
  const { requestId } = caller;
  const iterator = events[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* serverEvents(): AsyncGenerator<ServerEvent> {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield toServerEvent(next.value);
    } catch (thrown) {
      const error = toRagError(thrown);
      if (!caller.signal.aborted) log.warn({ requestId, err: error.cause ?? error, code: error.code }, "stream failed");
      yield { event: "error", data: toProblem(error, requestId) };
    } finally {
      // However the reader went, what is behind the stream must come to its end too.
      await iterator.return?.(undefined);
    }
  }
  return eventStreamResponse({
    events: serverEvents(),
    headers: { "x-request-id": requestId },
    onClose: () => caller.leave(),
    onUnread() {
      log.info({ requestId, unreadMs: limits.streamWriteTimeoutMs }, "stream cut: its reader takes nothing");
      return caller.cut();
    },
    writeTimeoutMs: limits.streamWriteTimeoutMs,
    stopping: { signal: caller.stopping, requestId },
  });
}
