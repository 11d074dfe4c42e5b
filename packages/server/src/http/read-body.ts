/** Reads and checks request bodies: type, size, encoding, nesting, then the schema. */
import { RagError } from "@rag-personal/core";
import type { Context } from "hono";
import type * as z from "zod";
import { joinBytes } from "../join-bytes.ts";
import type { HttpEnvironment } from "./environment.ts";

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly maxJsonDepth: number;
}

/** A name of 200 and passwords of 1,000 characters, encoded, with room for the other fields of OAuth. */
const MAX_CREDENTIALS_BYTES = 16_384;

/** For what anybody may send, which is held for far less than what a client may send. */
export function strangersLimits(limits: BodyLimits): BodyLimits {
  return { ...limits, maxBodyBytes: Math.min(MAX_CREDENTIALS_BYTES, limits.maxBodyBytes) };
}

/** Without `stream`, a decoder keeps nothing from one call to the next. */
const utf8 = new TextDecoder("utf-8", { fatal: true });

function requireType(c: Context<HttpEnvironment>, type: string): void {
  const given = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (given !== type) throw new RagError("unsupported_media_type", `The body must be sent as Content-Type: ${type}.`);
}

/** A body of any type, as text. */
export async function readText(c: Context<HttpEnvironment>, { maxBodyBytes }: Pick<BodyLimits, "maxBodyBytes">): Promise<string> {
  const bytes = hasShortLength(c, maxBodyBytes) ? await readWhole(c) : await readParts(c, maxBodyBytes);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new RagError("invalid_request", "The body is not valid UTF-8.", { cause });
  }
}

/** Node's parser takes no more of a body than its length says, and refuses a request with two lengths; without Node nobody vouches for it. */
function hasShortLength(c: Context<HttpEnvironment>, maxBodyBytes: number): boolean {
  const headers = c.env.incoming?.headers;
  const length = headers?.["content-length"];
  return length !== undefined && headers?.["transfer-encoding"] === undefined && Number(length) <= maxBodyBytes;
}

/** Straight from Node, without the streams of a web request, which cost more than the rest of a short request. */
async function readWhole(c: Context<HttpEnvironment>): Promise<Uint8Array> {
  try {
    return new Uint8Array(await c.req.arrayBuffer());
  } catch (cause) {
    throw incompleteBody(cause);
  }
}

async function readParts(c: Context<HttpEnvironment>, maxBytes: number): Promise<Uint8Array> {
  try {
    return joinBytes(await Array.fromAsync(limitedParts(c, { maxBytes, setting: "MAX_BODY_BYTES" })));
  } catch (error) {
    await discardBody(c.req.raw);
    throw error;
  }
}

export interface PartsLimit {
  readonly maxBytes: number;
  /** What the message calls the limit. */
  readonly setting: string;
}

/**
 * A body in the pieces in which it arrives. What really arrives is counted, so that neither a lying length nor a chunked body gets past the
 * limit; a length that tells of too much is believed. What is left of a body that was refused is for the caller to discard.
 */
export async function* limitedParts(c: Context<HttpEnvironment>, { maxBytes, setting }: PartsLimit): AsyncGenerator<Uint8Array, void, void> {
  const tooLarge = () => new RagError("payload_too_large", `The body is larger than the ${maxBytes} bytes allowed (${setting}).`);
  if (Number(c.req.header("content-length") ?? 0) > maxBytes) throw tooLarge();
  let size = 0;
  for await (const part of bodyParts(c.req.raw)) {
    size += part.byteLength;
    if (size > maxBytes) throw tooLarge();
    yield part;
  }
}

const incompleteBody = (cause: unknown): RagError => new RagError("invalid_request", "The request ended before its body was complete.", { cause });

/** The body in the pieces in which it arrives; leaving the loop leaves the rest where it is. */
async function* bodyParts(request: Request): AsyncGenerator<Uint8Array, void, void> {
  const reader = request.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw incompleteBody(cause);
  } finally {
    reader.releaseLock();
  }
}

/** An unwanted body is read on to this many bytes, so that its sender gets to see the answer instead of a broken connection. */
const DISCARDED_BYTES = 4 * 1024 * 1024;

/** Reads and forgets what is left of a body, up to a limit; beyond it the connection has to be closed. */
export async function discardBody(request: Request): Promise<void> {
  if (request.body === null || request.body.locked) return;
  let size = 0;
  try {
    for await (const part of bodyParts(request)) {
      size += part.byteLength;
      if (size > DISCARDED_BYTES) return;
    }
  } catch {
    // Whoever broke off does not wait for an answer.
  }
}

/** The deepest nesting of a JSON text, found without parsing it. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      if (unit === 0x5c) i += 1;
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x7b || unit === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (unit === 0x7d || unit === 0x5d) depth -= 1;
  }
  return deepest;
}

/** At most so many issues are told. */
const MAX_ISSUES = 20;

/** One issue per wrong field. */
export function invalidInput(error: z.ZodError): RagError {
  const issues = error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({ path: path.join("."), message }));
  const first = issues[0];
  const message = first === undefined ? "The request is not valid." : `${first.path === "" ? "The body" : first.path}: ${first.message}`;
  return new RagError("invalid_request", message, { issues });
}

/** @throws {RagError} `invalid_request` with one issue per wrong field. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidInput(result.error);
}

/** A JSON body that satisfies the schema. */
export async function readJson<Schema extends z.ZodType>(c: Context<HttpEnvironment>, schema: Schema, limits: BodyLimits): Promise<z.output<Schema>> {
  return validate(schema, await readJsonValue(c, limits));
}

/** Any JSON body. */
export async function readJsonValue(c: Context<HttpEnvironment>, limits: BodyLimits): Promise<unknown> {
  requireType(c, "application/json");
  return parseJson(await readText(c, limits), limits);
}

/** @throws {RagError} `invalid_request` for JSON that is nested too deep. */
export function requireDepth(text: string, { maxJsonDepth }: Pick<BodyLimits, "maxJsonDepth">): void {
  if (jsonDepth(text) > maxJsonDepth) {
    throw new RagError("invalid_request", `The JSON is nested deeper than the ${maxJsonDepth} levels allowed (MAX_JSON_DEPTH).`);
  }
}

/** @throws {RagError} `invalid_request` for what is no JSON, or nested too deep. */
export function parseJson(text: string, limits: Pick<BodyLimits, "maxJsonDepth">): unknown {
  requireDepth(text, limits);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RagError("invalid_request", "The body is not valid JSON.", { cause });
  }
}

/** A form-encoded body that satisfies the schema. */
export async function readForm<Schema extends z.ZodType>(c: Context<HttpEnvironment>, schema: Schema, limits: BodyLimits): Promise<z.output<Schema>> {
  requireType(c, "application/x-www-form-urlencoded");
  return validate(schema, Object.fromEntries(new URLSearchParams(await readText(c, limits))));
}
