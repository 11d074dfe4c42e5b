/** Where a page of a list ended, in a form that nobody should take apart. */
import { RagError } from "@rag-personal/core";
import { base64url } from "jose";

/** The last millisecond that has a date. */
const MAX_TIME_MS = 8_640_000_000_000_000;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Where a page ended in a list that is ordered by a time, the latest first, and by id. */
export interface TimedPosition {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly id: string;
}

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
  throw noCursor();
}

export const encodeTimedCursor = ({ atMs, id }: TimedPosition): string => encodeCursor(`${atMs} ${id}`);

/** @throws RagError as {@link decodeCursor}. */
export function decodeTimedCursor(cursor: string): TimedPosition {
  const [, time, id] = /^(0|[1-9]\d{0,15}) (.+)$/su.exec(decodeCursor(cursor)) ?? [];
  const atMs = Number(time);
  if (id === undefined || atMs > MAX_TIME_MS) throw noCursor();
  return { atMs, id };
}

function noCursor(): RagError {
  const message = "must be the nextCursor of an earlier answer";
  return new RagError("invalid_request", `cursor: ${message}`, { issues: [{ path: "cursor", message }] });
}
