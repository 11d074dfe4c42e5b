/** Takes `multipart/form-data` (RFC 7578) apart: few parts, none copied. */
import { RagError } from "@rag-personal/core";

export interface FormPart {
  readonly name: string;
  /** Of a file. */
  readonly fileName: string | undefined;
  /** Of a file, as the sender named it. */
  readonly mediaType: string | undefined;
  /** A view of the bytes that were given. */
  readonly bytes: Uint8Array;
}

/** Far more than any form of ours has; a form of a million empty parts is given up here. */
const MAX_PARTS = 8;
const MAX_PART_HEAD_BYTES = 8_192;
const BOUNDARY = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))/i;
const LINE_END = Buffer.from("\r\n");
const HEAD_END = Buffer.from("\r\n\r\n");

const malformed = (what: string): RagError => new RagError("invalid_request", `The form cannot be read: ${what}.`);

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function decodeField(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new RagError("invalid_request", "The form cannot be read: it is not valid UTF-8.", { cause });
  }
}

/**
 * The parts of a form, in their order.
 *
 * @param contentType the header, which names the boundary.
 * @throws RagError `invalid_request` for what is no such form, ends early, or has more than eight parts.
 */
export function parseMultipart(body: Buffer, contentType: string): FormPart[] {
  const [, quoted, bare] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw malformed("its Content-Type names no boundary");
  const first = Buffer.from(`--${boundary}`);
  const next = Buffer.from(`\r\n--${boundary}`);
  if (!startsWith(body, first, 0)) throw malformed("it does not begin with its boundary");
  const parts: FormPart[] = [];
  for (let at = first.length; !startsWith(body, Buffer.from("--"), at); ) {
    if (!startsWith(body, LINE_END, at)) throw malformed("a boundary does not end its line");
    if (parts.length === MAX_PARTS) throw malformed(`it has more than ${MAX_PARTS} parts`);
    const headStart = at + LINE_END.length;
    const headEnd = body.subarray(0, headStart + MAX_PART_HEAD_BYTES).indexOf(HEAD_END, headStart);
    if (headEnd === -1) throw malformed("a part has no end to its head");
    const start = headEnd + HEAD_END.length;
    // The line end before the next boundary may be that of the head, when the part is empty.
    const end = body.indexOf(next, start - LINE_END.length);
    if (end === -1) throw malformed("it ends within a part");
    parts.push({ ...parseHead(decodeField(body.subarray(headStart, headEnd))), bytes: body.subarray(Math.min(start, end), end) });
    at = end + next.length;
  }
  return parts;
}

function startsWith(body: Buffer, bytes: Buffer, at: number): boolean {
  return body.subarray(at, at + bytes.length).equals(bytes);
}

function parseHead(head: string): Omit<FormPart, "bytes"> {
  const headers = new Map(
    head.split("\r\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const disposition = headers.get("content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (!/^form-data\s*;/i.test(disposition) || name === undefined) throw malformed("a part has no name");
  return { name, fileName: parameterOf(disposition, "filename"), mediaType: headers.get("content-type") };
}

/** Quoted, with the three escapes that browsers write, or bare. */
function parameterOf(disposition: string, parameter: string): string | undefined {
  const [, quoted, bare] = new RegExp(`;\\s*${parameter}=(?:"([^"]*)"|([^\\s;"]+))`, "i").exec(disposition) ?? [];
  return quoted?.replace(/%22|%0D|%0A/gi, decodeURIComponent) ?? bare;
}
