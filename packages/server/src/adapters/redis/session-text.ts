/** A session as a JSON text with its turns at the end, so that a turn is added without sending those before it. */
import type { Continuation, Session } from "@rag-personal/core";

/** What has to be known of a text to go on from it; all in bytes of UTF-8. */
export interface SessionTextSize {
  readonly bytes: number;
  /** Of each turn, oldest first. */
  readonly turnBytes: readonly number[];
}

const END = "]}";

/** The text as a whole, with its size. */
export function writeSession(session: Session): { readonly text: string; readonly size: SessionTextSize } {
  const head = headOf(session);
  const turns = session.turns.map((turn) => JSON.stringify(turn));
  const text = `${head}${turns.join(",")}${END}`;
  return { text, size: { bytes: Buffer.byteLength(text), turnBytes: turns.map((turn) => Buffer.byteLength(turn)) } };
}

/** The next text is `head`, the last `keptBytes` bytes before the end of the text before, a comma, `added`, and the end. */
export interface ExtendedSession {
  readonly head: string;
  readonly keptBytes: number;
  readonly added: string;
  readonly size: SessionTextSize;
}

/** @returns undefined where the whole has to be sent: there is nothing new, so that there would be a comma too many. */
export function extendSession(session: Session, { dropped, added }: Continuation, before: SessionTextSize): ExtendedSession | undefined {
  const kept = before.turnBytes.slice(dropped);
  if (added.length === 0 || kept.length === 0) return undefined;
  const head = headOf(session);
  const turns = added.map((turn) => JSON.stringify(turn));
  const turnBytes = [...kept, ...turns.map((turn) => Buffer.byteLength(turn))];
  return {
    head,
    keptBytes: lengthOf(kept),
    added: turns.join(","),
    size: { bytes: Buffer.byteLength(head) + lengthOf(turnBytes) + END.length, turnBytes },
  };
}

/** With a comma between two. */
const lengthOf = (turnBytes: readonly number[]): number => turnBytes.reduce((sum, bytes) => sum + bytes, turnBytes.length - 1);

function headOf({ turns: _, ...rest }: Session): string {
  return `${JSON.stringify(rest).slice(0, -1)},"turns":[`;
}
