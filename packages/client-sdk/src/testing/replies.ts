/** What a scripted fetch can be told to do: answer well, answer badly, or not at all. */
import type { ApiErrorCode, Problem } from "../errors.ts";
import type { Answer, AnswerEvent } from "../model.ts";
import { sampleAnswer, sampleEvents } from "./samples.ts";

/** How a body ends: `complete`, `cut` (the connection breaks) or `stall` (nothing more comes, and no end). */
export type Ending = "complete" | "cut" | "stall";

/** What happens to one request. */
export type Reply =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** Handed out part by part, as given. */
      readonly parts: readonly Uint8Array[];
      readonly ending: Ending;
    }
  | { readonly kind: "failure"; readonly error: () => Error }
  | { readonly kind: "silence" };

/** How a body is damaged. */
export interface Damage {
  /** What happens behind the last byte that is sent. Default `complete`. */
  readonly ending?: Ending;
  /** Bytes that are sent. Default: all. */
  readonly afterBytes?: number;
  /** Size of the parts in bytes. Default: the whole in one. */
  readonly partBytes?: number;
}

const encoder = new TextEncoder();

function slice(bytes: Uint8Array, sizeBytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += sizeBytes) parts.push(bytes.subarray(at, at + sizeBytes));
  return parts;
}

/** Any response at all. */
export function response(status: number, headers: Readonly<Record<string, string>>, body: string, damage: Damage = {}): Reply {
  const bytes = encoder.encode(body).subarray(0, damage.afterBytes);
  return {
    kind: "response",
    status,
    headers,
    parts: slice(bytes, damage.partBytes ?? Math.max(1, bytes.byteLength)),
    ending: damage.ending ?? "complete",
  };
}

/** The answer to `chat.ask`. */
export function answer(content: Answer = sampleAnswer(), damage?: Damage): Reply {
  return response(200, { "content-type": "application/json", "x-request-id": content.requestId }, JSON.stringify(content), damage);
}

const bodyOf = (event: AnswerEvent): unknown => {
  if (event.type === "done") return event.answer;
  const { type: _, ...rest } = event;
  return rest;
};

/** The answer to `chat.stream`; leave the last event out, or damage it, for one that breaks off. */
export function events(list: readonly AnswerEvent[] = sampleEvents(), damage?: Damage): Reply {
  const text = list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(bodyOf(event))}\n\n`).join("");
  return eventStream(text, damage);
}

/** A stream of whatever text, for what {@link events} cannot say: comments, an `error` event, nonsense. */
export function eventStream(text: string, damage?: Damage): Reply {
  return response(200, { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "request-1" }, text, damage);
}

/** A problem document as the server writes it. */
export function problemDocument(status: number, code: Exclude<ApiErrorCode, "unknown">, detail = "As scripted."): Problem {
  return { type: `urn:rag-personal:error:${code}`, title: code.replaceAll("_", " "), status, detail, code, requestId: "request-1" };
}

/** The server says no, with a problem document. */
export function problem(status: number, code: Exclude<ApiErrorCode, "unknown">, options: { readonly retryAfterSeconds?: number } = {}): Reply {
  const headers: Record<string, string> = { "content-type": "application/problem+json", "x-request-id": "request-1" };
  if (options.retryAfterSeconds !== undefined) headers["retry-after"] = String(options.retryAfterSeconds);
  return response(status, headers, JSON.stringify(problemDocument(status, code)));
}

/** Status 429 with Retry-After. */
export const rateLimited = (retryAfterSeconds: number): Reply => problem(429, "rate_limited", { retryAfterSeconds });

/** A proxy's page where an answer should be. */
export const html = (status = 200): Reply => response(status, { "content-type": "text/html" }, "<!doctype html><title>Welcome</title>");

/** No connection could be made, as Node's fetch tells it. */
export const refusedConnection = (): Reply => ({
  kind: "failure",
  error: () => new TypeError("fetch failed", { cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }) }),
});

/** The connection broke before the headers of the response; whether the server had the request is unknown. */
export const brokenConnection = (): Reply => ({
  kind: "failure",
  error: () => new TypeError("fetch failed", { cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }) }),
});

/** Nothing happens until the request is aborted. */
export const silence = (): Reply => ({ kind: "silence" });
