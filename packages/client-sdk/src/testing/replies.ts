/** What a scripted fetch can be told to do: answer well, answer badly, or not at all. */
import type { ApiErrorCode } from "../errors.ts";
import type { IngestionEvent } from "../ingestion/job.ts";
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

/** What a procedure gives: any call's answer. */
export function result(data: unknown, damage?: Damage): Reply {
  return response(200, { "content-type": "application/json", "x-request-id": "request-1" }, JSON.stringify({ result: { data } }), damage);
}

/** The answer to `chat.ask`. */
export const answer = (content: Answer = sampleAnswer(), damage?: Damage): Reply => result(content, damage);

/** The answer to a log-in: a token with its lifetime in seconds. */
export const loggedIn = (token = "token-1", expiresInSeconds = 900): Reply =>
  result({ access_token: token, token_type: "bearer", expires_in: expiresInSeconds });

/** An event of an answer, of a job, or of a kind that a newer server may have. */
export type ScriptedEvent = AnswerEvent | IngestionEvent | { readonly type: string; readonly [field: string]: unknown };

/**
 * The answer to `chat.stream`, or to any other stream; leave the last event out, or damage it, for one that breaks off.
 *
 * @param list in the order in which they are sent; the last event of a stream that is complete is of type `done`.
 */
export function events(list: readonly ScriptedEvent[] = sampleEvents(), damage?: Damage): Reply {
  const blocks = list.map((event) => `data: ${JSON.stringify(event)}\n\n\n`);
  const end = list.at(-1)?.type === "done" ? "event: return\ndata: \n\n\n" : "";
  return eventStream(`event: connected\ndata: {}\n\n\n${blocks.join("")}${end}`, damage);
}

/** A stream of whatever text, for what {@link events} cannot say: an error within, nonsense. */
export function eventStream(text: string, damage?: Damage): Reply {
  return response(200, { "content-type": "text/event-stream", "x-request-id": "request-1" }, text, damage);
}

/** What an error of the server tells besides its code. */
export interface ErrorDetails {
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

/** The answer to an upload; it names a job, which is the next thing to be asked for when the upload is waited for. */
export function uploaded(path = "uploads/guide/warranty.md", { sizeBytes = 3, jobId = "job-1" } = {}): Reply {
  const receipt = { documentId: "doc_0123456789abcdef01234567", path, sizeBytes, jobId };
  return response(202, { "content-type": "application/json", "x-request-id": "request-1" }, JSON.stringify(receipt));
}

/** An error as the server writes it into a response, and into the event `serialized-error` of a stream. */
export function errorShape(
  status: number,
  code: Exclude<ApiErrorCode, "unknown">,
  { message = "As scripted.", ...details }: ErrorDetails = {},
): object {
  return { message, code: -32_000, data: { code, httpStatus: status, requestId: "request-1", ...details } };
}

/** The server says no. */
export function refusal(status: number, code: Exclude<ApiErrorCode, "unknown">, details: ErrorDetails = {}): Reply {
  const headers: Record<string, string> = { "content-type": "application/json", "x-request-id": "request-1" };
  if (details.retryAfterSeconds !== undefined) headers["retry-after"] = String(details.retryAfterSeconds);
  return response(status, headers, JSON.stringify({ error: errorShape(status, code, details) }));
}

/** Status 429 with Retry-After. */
export const rateLimited = (retryAfterSeconds: number): Reply => refusal(429, "rate_limited", { retryAfterSeconds });

/** A stream that says no: with status 200, and an error as its first event. */
export const refusedStream = (status: number, code: Exclude<ApiErrorCode, "unknown">, details: ErrorDetails = {}): Reply =>
  eventStream(`event: connected\ndata: {}\n\n\nevent: serialized-error\ndata: ${JSON.stringify(errorShape(status, code, details))}\n\n\n`);

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
