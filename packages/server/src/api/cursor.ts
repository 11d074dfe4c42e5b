/** Where a page of a list ended, in a form that nobody should take apart. */
import { RagError } from "@rag-personal/core";
import { base64url } from "jose";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @param position of the last item of a page, such as its path. */
export const encodeCursor = (position: string): string => base64url.encode(position);

/**
 * The position that a cursor stands for. A cursor that was made up names some position too, which is no harm: a list holds what its reader may see,
 * wherever it begins.
 *
 * @throws RagError `invalid_request` for what cannot be a cursor.
 */
export function decodeCursor(cursor: string): string {
  try {
    const bytes = base64url.decode(cursor);
    if (base64url.encode(bytes) === cursor) return utf8.decode(bytes);
  } catch {
    // Told below.
  }
  const message = "must be the nextCursor of an earlier answer";
  throw new RagError("invalid_request", `cursor: ${message}`, { issues: [{ path: "cursor", message }] });
}
