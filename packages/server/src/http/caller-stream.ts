/** A stream of events to one caller, whatever protocol it speaks: its failures, its reader's leaving, and the server's stopping. */
import type { RagError } from "@rag-personal/core";
import type { AppServices } from "../services.ts";
import type { RequestCaller } from "./caller.ts";
import { eventStreamResponse, type ServerEvent } from "./event-stream.ts";
import { toRagError } from "./problem.ts";

export interface CallerStream {
  /** What the events are made of. It is ended with the stream, however that ends. */
  readonly source: AsyncIterator<unknown>;
  readonly events: AsyncIterable<ServerEvent>;
  /** Data of the `error` event with which a stream ends that fails, or is cut because the server stops. */
  readonly describeError: (error: RagError) => unknown;
}

export function callerStreamResponse(
  { log, limits }: Pick<AppServices, "log" | "limits">,
  caller: RequestCaller,
  { source, events, describeError }: CallerStream,
): Response {
  const { requestId } = caller;
  const toEvent = (error: RagError): ServerEvent => ({ event: "error", data: describeError(error) });

  async function* withItsEnd(): AsyncGenerator<ServerEvent> {
    try {
      yield* events;
    } catch (thrown) {
      const error = toRagError(thrown);
      if (!caller.signal.aborted) log.warn({ requestId, err: error.cause ?? error, code: error.code }, "stream failed");
      yield toEvent(error);
    } finally {
      // However the reader went, what is behind the stream must come to its end too.
      await source.return?.(undefined);
    }
  }

  return eventStreamResponse({
    events: withItsEnd(),
    headers: { "x-request-id": requestId },
    onClose: () => caller.leave(),
    onUnread() {
      log.info({ requestId, unreadMs: limits.streamWriteTimeoutMs }, "stream cut: its reader takes nothing");
      return caller.cut();
    },
    writeTimeoutMs: limits.streamWriteTimeoutMs,
    stopping: { signal: caller.stopping, requestId, toEvent },
  });
}
