/** Reads the answer to one call: what a procedure gave, out of the envelope of tRPC. */
import { BadResponseError } from "../errors/client-errors.ts";
import type { Cancellation } from "./cancellation.ts";
import { toConnectionError } from "./connection.ts";
import { discardBody, hasMediaType, parseJson, readText } from "./response-body.ts";
import type { Accepted } from "./transport.ts";

/** The text of a document may be large; what is beyond this is no answer of this API. */
const MAX_RESULT_BYTES = 67_108_864;

/** @throws BadResponseError unless the body is JSON, ConnectionError when it breaks off, the cancellation's reason. */
export async function readJson({ response, requestId }: Accepted, cancellation: Cancellation, origin: string): Promise<unknown> {
  const bad = (message: string): BadResponseError => new BadResponseError(message, { status: response.status, requestId });
  if (!hasMediaType(response, /^application\/json\b/i)) {
    const type = response.headers.get("content-type") ?? "of no type";
    discardBody(response);
    throw bad(`The answer is ${type}, not JSON. Is baseUrl right, and does a proxy answer in between?`);
  }
  let text: string | undefined;
  try {
    text = await readText(response, cancellation, { maxBytes: MAX_RESULT_BYTES });
  } catch (thrown) {
    throw cancellation.reason ?? toConnectionError(thrown, origin, requestId);
  }
  if (text === undefined) throw bad(`The answer is larger than ${MAX_RESULT_BYTES} bytes.`);
  const value = parseJson(text);
  if (value === undefined) throw bad("The answer is not JSON. Is the server older or newer than this package?");
  return value;
}

/** What the procedure gave; undefined where it gives nothing. @throws as {@link readJson}, and BadResponseError without an envelope. */
export async function readResult(accepted: Accepted, cancellation: Cancellation, origin: string): Promise<unknown> {
  const value = await readJson(accepted, cancellation, origin);
  const result: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "result") : undefined;
  if (typeof result === "object" && result !== null) return Reflect.get(result, "data");
  throw new BadResponseError("The answer is not a result of tRPC. Is the server older or newer than this package?", {
    status: accepted.response.status,
    requestId: accepted.requestId,
  });
}
