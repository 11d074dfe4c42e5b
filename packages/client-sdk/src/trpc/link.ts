/** The link at the end of tRPC's chain: sends a call by our transport, and reads a stream with our parser. */
import type { ApiError } from "../errors/api-error.ts";
import { AbortError } from "../errors/client-errors.ts";
import { readResult } from "../http/result.ts";
import type { Accepted, ApiRequest, Transport } from "../http/transport.ts";
import { createEventReader, type EventReader, isLast } from "../streaming/events.ts";
import type { AppRouter } from "./app-router.ts";
import { type Call, callOf } from "./call.ts";
import { type Operation, observable, type TRPCLink } from "./vendor.ts";

function requestOf({ path, input, type }: Operation, { repetition }: Call): ApiRequest {
  const body = JSON.stringify(input ?? {});
  return {
    // One name for one thing: what chat has as a procedure is a method of its own here.
    operation: path === "chat.feedback" ? "feedback" : path,
    path: `/trpc/${path}`,
    body: () => ({ body }),
    headers: { accept: type === "subscription" ? "text/event-stream" : "application/json", "content-type": "application/json" },
    repetition,
  };
}

/** @param origin of the server, for messages. */
export function createLink(transport: Transport, origin: string): TRPCLink<AppRouter> {
  return () =>
    ({ op }) =>
      observable((observer) => {
        const call = callOf(op.context);
        const { cancellation } = call;
        let isSettled = false;

        async function send(): Promise<void> {
          const request = requestOf(op, call);
          if (op.type === "subscription") await stream(request);
          else {
            call.accepted = await transport.send(request, call, cancellation);
            const data = await readResult(call.accepted, cancellation, origin);
            isSettled = true;
            observer.next({ result: { type: "data", data } });
          }
          observer.complete();
        }

        async function stream(request: ApiRequest): Promise<void> {
          let events: EventReader | undefined;
          const inspect = async (accepted: Accepted): Promise<ApiError | undefined> => {
            events = createEventReader(accepted, call);
            return await events.refusal();
          };
          call.accepted = await transport.send({ ...request, inspect }, call, cancellation);
          for await (const data of events?.read() ?? []) {
            isSettled = isLast(data);
            const passed = call.turnstile.passed();
            observer.next({ result: { type: "data", data } });
            if (!isSettled) await cancellation.wait(passed);
          }
        }

        // The client of tRPC wraps what is not an error of its own, and unwrapping it is for whoever called.
        send().catch((thrown) => {
          isSettled = true;
          observer.error(thrown);
        });
        return () => {
          if (!isSettled) cancellation.cancel(new AbortError("The call was left before it was complete."));
        };
      });
}
