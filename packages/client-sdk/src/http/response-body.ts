/** Reads a response's body: within the call's deadline and never more than a stated number of bytes. */
import type { Cancellation } from "./cancellation.ts";
import type { BodyReader, FetchResponse } from "./fetch-like.ts";

/** A body is not cancelled for its answer's sake: how that ends interests nobody. */
const ignore = (): void => {};

/** Lets go of a body that will not be read, and with it of the connection. */
export function discardBody(response: FetchResponse): void {
  response.body?.getReader().cancel().catch(ignore);
}

async function readAll(reader: BodyReader, maxBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return text + decoder.decode();
    sizeBytes += value.byteLength;
    if (sizeBytes > maxBytes) return undefined;
    text += decoder.decode(value, { stream: true });
  }
}

/**
 * The whole body as text.
 *
 * @returns undefined when it is larger than `maxBytes` or takes longer than `limitMs`; the rest is then not waited for.
 * @throws the cancellation's reason, or what the connection throws.
 */
export async function readText(
  response: FetchResponse,
  cancellation: Cancellation,
  { maxBytes, limitMs = Number.POSITIVE_INFINITY }: { readonly maxBytes: number; readonly limitMs?: number },
): Promise<string | undefined> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  try {
    return await cancellation.waitAtMost(limitMs, readAll(reader, maxBytes));
  } finally {
    reader.cancel().catch(ignore);
  }
}

/** The parsed JSON, or undefined when the text is none; JSON itself cannot say undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the response calls itself one of these media types. */
export function hasMediaType(response: FetchResponse, pattern: RegExp): boolean {
  return pattern.test(response.headers.get("content-type") ?? "");
}
