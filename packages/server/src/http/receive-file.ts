/** Reads a file out of a request, as the body itself or as part of a form, with the hash and the buffers of Node. */
import { createHash } from "node:crypto";
import { RagError } from "@rag-personal/core";
import type { Context } from "hono";
import type { ReceivedFile } from "../uploads/uploads.ts";
import type { HttpEnvironment } from "./environment.ts";
import { type FileReception, isForm } from "./file-reception.ts";
import { decodeField, type FormPart, parseMultipart } from "./multipart.ts";
import { limitedParts } from "./read-body.ts";

const SETTING = "MAX_UPLOAD_BYTES";
/** Of a form around its file: names, boundaries and the other field. */
const FORM_BYTES = 16_384;
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}/;

const mediaTypeOf = (header: string | undefined): string => MEDIA_TYPE.exec(header ?? "")?.[0].toLowerCase() ?? "application/octet-stream";

async function receiveBody(c: Context<HttpEnvironment>, maxBytes: number): Promise<ReceivedFile> {
  if (isForm(c)) throw new RagError("unsupported_media_type", "Send the file itself as the body, as curl --data-binary @file does, and not a form.");
  requirePlain(c);
  const parts: Uint8Array[] = [];
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const part of limitedParts(c, { maxBytes, setting: SETTING })) {
    parts.push(part);
    hash.update(part);
    sizeBytes += part.length;
  }
  return { parts, sizeBytes, sha256: hash.digest("hex"), mediaType: mediaTypeOf(c.req.header("content-type")) };
}

async function receiveForm(c: Context<HttpEnvironment>, maxBytes: number): Promise<{ readonly path: string; readonly file: ReceivedFile }> {
  requirePlain(c);
  const body = Buffer.concat(await Array.fromAsync(limitedParts(c, { maxBytes: maxBytes + FORM_BYTES, setting: SETTING })));
  const parts = parseMultipart(body, c.req.header("content-type") ?? "");
  const [file, path] = [only(parts, "file"), only(parts, "path")];
  if (file === undefined) throw new RagError("invalid_request", "The form needs a file in its field file.");
  const other = parts.find((part) => part !== file && part !== path);
  if (other !== undefined) throw new RagError("invalid_request", "The form may have the fields file and path, and no others.");
  if (file.bytes.length > maxBytes) throw new RagError("payload_too_large", `The file is larger than the ${maxBytes} bytes allowed (${SETTING}).`);
  return {
    path: path === undefined ? (file.fileName ?? "") : decodeField(path.bytes),
    file: {
      parts: [file.bytes],
      sizeBytes: file.bytes.length,
      sha256: createHash("sha256").update(file.bytes).digest("hex"),
      mediaType: mediaTypeOf(file.mediaType),
    },
  };
}

function only(parts: readonly FormPart[], name: string): FormPart | undefined {
  const [part, another] = parts.filter((candidate) => candidate.name === name);
  if (another !== undefined) throw new RagError("invalid_request", `The form has more than one field ${name}.`);
  return part;
}

/** Bytes that were packed for the way would be kept, and read, as if they were the file. */
function requirePlain(c: Context<HttpEnvironment>): void {
  const encoding = c.req.header("content-encoding");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new RagError("unsupported_media_type", "Send the file without Content-Encoding.");
  }
}

export const fileReception: FileReception = { body: receiveBody, form: receiveForm };
