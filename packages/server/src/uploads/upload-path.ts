/** Which names an uploaded file may have. It is a key in the record and never a path of a file system; it is held to the rules of one all the same. */
import { RagError } from "@rag-personal/core";

/** The first folder of every upload; the documents folder has none of this name. */
export const UPLOADS_FOLDER = "uploads";
export const UPLOADS_PREFIX = `${UPLOADS_FOLDER}/`;

/** As file systems have it. */
const MAX_NAME_BYTES = 255;
/** With the first folder; filters and keys take prefixes of as many characters. */
const MAX_PATH_BYTES = 1_000;

/**
 * What no name may have: control characters, line separators, half surrogate pairs, code points that are no characters, and the signs that turn
 * the direction of writing, which make a name look like another.
 */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Where the path is wrong, in words for its sender; undefined when it is right. */
function problemOf(path: string): string | undefined {
  if (path === "") return "must not be empty";
  if (Buffer.byteLength(path) > MAX_PATH_BYTES - UPLOADS_PREFIX.length) {
    return `must not be longer than ${MAX_PATH_BYTES - UPLOADS_PREFIX.length} bytes in UTF-8`;
  }
  if (FORBIDDEN.test(path)) return "must not have control characters, half characters, or marks of writing direction in it";
  if (path.includes("\\")) return "must have / between its names, not a backslash";
  // Whoever decodes it once more must not get another name.
  if (/%[0-9a-f]{2}/i.test(path)) return "must not have percent-encoding in it once it is decoded";
  if (path.startsWith("/") || /^[a-z]:/i.test(path)) return "must not be absolute: it begins with the name of a folder or of the file";
  for (const name of path.split("/")) {
    if (name === "") return "must not have an empty name in it: no // and no / at its end";
    if (name.startsWith(".")) return "must not have a name in it that begins with a dot, such as . or ..";
    if (name.trim() !== name) return "must not have a name in it that begins or ends with a space";
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `must not have a name in it that is longer than ${MAX_NAME_BYTES} bytes in UTF-8`;
  }
  return undefined;
}

/**
 * The path of the document that an upload becomes: in Unicode's composed form, so that one name has one spelling, and below `uploads/`, whatever
 * it begins with. Different names have different paths.
 *
 * @throws RagError `invalid_request` that says what is wrong with the name.
 * @example
 * uploadPath("notes/a.md"); // "uploads/notes/a.md"
 */
export function uploadPath(given: string): string {
  const path = given.normalize("NFC");
  const message = problemOf(path);
  if (message !== undefined) throw new RagError("invalid_request", `path: ${message}`, { issues: [{ path: "path", message }] });
  return `${UPLOADS_PREFIX}${path}`;
}
