/** Turns a file's bytes into text: finds the encoding, refuses what is no text, and makes the rest fit to be stored. */
import { isUtf8 } from "node:buffer";
import { setImmediate as pause } from "node:timers/promises";
import { UnprocessableDocument } from "@rag-personal/core";
import { nameBinary } from "./magic-bytes.ts";

/** Decoded at a time; between slices other work of the server has its turn. Even, so that no UTF-16 unit is parted. */
const SLICE_BYTES = 1 << 20;
/** V8 has no longer strings. */
const MAX_STRING_CHARS = 0x1fff_ffe8;

/** How much of the bytes is looked at to tell UTF-16 without a byte order mark. */
const SAMPLE_BYTES = 1 << 16;
/** UTF-16 without a mark has NULs on one side of its units; even text with few of them has spaces and line ends. */
const MIN_NUL_SHARE = 0.03;
/** Broken UTF-8 is mended while at most this many places, or this share of the bytes, are broken. */
const MENDABLE_PLACES = 3;
const MENDABLE_SHARE = 0.01;
/** More control characters than this share, and it is data. Terminal logs stay well below. */
const MAX_CONTROL_SHARE = 0.1;
/** Western European prose has a few accents in a hundred letters; data has more high bytes than this. */
const MAX_HIGH_SHARE = 0.4;
/** Marks of decoding failures and of code points that no text uses: more than this share, and UTF-16 was a wrong guess. */
const MAX_IMPLAUSIBLE_SHARE = 0.01;

/**
 * The text of a file, with `\n` as line end, well-formed, without NUL and without byte order mark.
 *
 * The encoding is, in this order:
 * 1. what a byte order mark says (UTF-8, UTF-16 LE or BE);
 * 2. UTF-16 when NULs stand on one side of its units only and the text is plausible; any other NUL means binary;
 * 3. UTF-8 when all bytes are valid;
 * 4. `declared`, when given and all bytes are valid in it;
 * 5. UTF-8 when there are more valid multi-byte sequences than broken places, and those are at most 3 or 1 % of the bytes: they
 *    become U+FFFD;
 * 6. Windows-1252 (which holds Latin-1) when there are more broken places than valid sequences, no control characters, and at
 *    most 40 % high bytes.
 *
 * @param declared a label such as `shift_jis` that the file gives itself.
 * @throws UnprocessableDocument stage `decode`: it is empty, or binary.
 */
export async function decodeText(bytes: Uint8Array, declared?: string): Promise<string> {
  if (bytes.length === 0) throw refusal("it is empty");
  const name = nameBinary(bytes, false);
  if (name !== undefined) throw refusal(`it is ${name}, not text`);
  const text = await decodeBytes(bytes, declared);
  if (!/\S/.test(text)) throw refusal("it holds nothing but white space");
  return text;
}

async function decodeBytes(bytes: Uint8Array, declared: string | undefined): Promise<string> {
  const text = await decodeByRules(bytes, declared);
  if (text === undefined) throw binary(bytes);
  return text;
}

async function decodeByRules(bytes: Uint8Array, declared: string | undefined): Promise<string | undefined> {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0) throw refusal("it is UTF-32; save it as UTF-8");
  if (first === 0xff && second === 0xfe) return decodeMarkedUtf16(bytes, "utf-16le");
  if (first === 0xfe && second === 0xff) return decodeMarkedUtf16(bytes, "utf-16be");
  if (bytes.includes(0)) return decodeUnmarkedUtf16(bytes);
  if (isUtf8(bytes)) {
    const text = await decodeAs("utf-8", bytes);
    return controlShare(text) > MAX_CONTROL_SHARE ? undefined : text;
  }
  return (declared === undefined ? undefined : await decodeDeclared(bytes, declared)) ?? (await mendUtf8(bytes)) ?? (await decodeWindows1252(bytes));
}

async function decodeMarkedUtf16(bytes: Uint8Array, encoding: "utf-16le" | "utf-16be"): Promise<string | undefined> {
  const text = await decodeAs(encoding, bytes);
  return text.includes("\0") || shareOf(/\ufffd/g, text) > MAX_IMPLAUSIBLE_SHARE ? undefined : text;
}

async function decodeUnmarkedUtf16(bytes: Uint8Array): Promise<string | undefined> {
  const end = Math.min(bytes.length, SAMPLE_BYTES) & ~1;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < end; at += 2) {
    if (bytes[at] === 0) even += 1;
    if (bytes[at + 1] === 0) odd += 1;
  }
  if (even > 0 === odd > 0 || Math.max(even, odd) < (end / 2) * MIN_NUL_SHARE) return undefined;
  const text = await decodeAs(odd > 0 ? "utf-16le" : "utf-16be", bytes);
  if (text.includes("\0") || controlShare(text) > MAX_IMPLAUSIBLE_SHARE) return undefined;
  return shareOf(/[\ufffd\p{Cn}\p{Co}]/gu, text) > MAX_IMPLAUSIBLE_SHARE ? undefined : text;
}

/** Undefined when the label means nothing or a byte is wrong. */
async function decodeDeclared(bytes: Uint8Array, declared: string): Promise<string | undefined> {
  try {
    return await decodeAs(declared, bytes, { fatal: true });
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** UTF-8 with a few broken places; undefined when it is not nearly all valid. */
async function mendUtf8(bytes: Uint8Array): Promise<string | undefined> {
  let broken = 0;
  let multibyte = 0;
  const text = await decodeAs("utf-8", bytes, {
    onSlice(slice) {
      for (let at = 0; at < slice.length; at += 1) {
        const unit = slice.charCodeAt(at);
        if (unit === 0xfffd) broken += 1;
        else if (unit >= 0x80 && (unit & 0xfc00) !== 0xdc00) multibyte += 1;
      }
    },
  });
  const isNearlyAllValid = multibyte > broken && broken <= Math.max(MENDABLE_PLACES, bytes.length * MENDABLE_SHARE);
  return isNearlyAllValid && controlShare(text) <= MAX_CONTROL_SHARE ? text : undefined;
}

/** Text in Windows-1252; undefined when the bytes do not look like it. */
async function decodeWindows1252(bytes: Uint8Array): Promise<string | undefined> {
  let high = 0;
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    for (const byte of bytes.subarray(start, start + SLICE_BYTES)) {
      if (byte >= 0x80) high += 1;
      // Escape begins the colours of terminal logs; Windows-1252 leaves five of the high bytes undefined.
      const isControl = byte < 0x20 ? byte < 0x09 || (byte > 0x0d && byte !== 0x1b) : byte === 0x7f;
      if (isControl || byte === 0x81 || byte === 0x8d || byte === 0x8f || byte === 0x90 || byte === 0x9d) return undefined;
    }
    await pause();
  }
  return high <= bytes.length * MAX_HIGH_SHARE ? decodeAs("windows-1252", bytes) : undefined;
}

interface DecodeOptions {
  readonly fatal?: boolean;
  readonly onSlice?: (slice: string) => void;
}

/** Decodes slice by slice and brings line ends to `\n`. */
async function decodeAs(encoding: string, bytes: Uint8Array, { fatal = false, onSlice }: DecodeOptions = {}): Promise<string> {
  const decoder = new TextDecoder(encoding, { fatal });
  const slices: string[] = [];
  let length = 0;
  let held = "";
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    if (start > 0) await pause();
    const isLast = start + SLICE_BYTES >= bytes.length;
    const slice = held + decoder.decode(bytes.subarray(start, start + SLICE_BYTES), { stream: !isLast });
    onSlice?.(slice);
    // What follows a carriage return decides what becomes of it.
    held = !isLast && slice.endsWith("\r") ? "\r" : "";
    slices.push(withLineFeeds(held === "" ? slice : slice.slice(0, -1)));
    length += slice.length;
    if (length > MAX_STRING_CHARS) throw refusal("its text is longer than can be handled");
  }
  return slices.join("");
}

function withLineFeeds(text: string): string {
  return text.includes("\r") ? text.replaceAll("\r\n", "\n").replaceAll("\r", "\n") : text;
}

/** Of the beginning of the text. Tab, line ends, form feed and escape are no control characters here. */
function controlShare(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return shareOf(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g, text);
}

function shareOf(pattern: RegExp, text: string): number {
  const sample = text.slice(0, SAMPLE_BYTES);
  return sample === "" ? 0 : (sample.match(pattern)?.length ?? 0) / sample.length;
}

function binary(bytes: Uint8Array): UnprocessableDocument {
  return refusal(`it is ${nameBinary(bytes, true) ?? "binary"}, not text`);
}

function refusal(reason: string): UnprocessableDocument {
  return new UnprocessableDocument("decode", reason);
}
