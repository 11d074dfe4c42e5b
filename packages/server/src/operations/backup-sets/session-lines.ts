/** Sessions of Redis as lines of JSON, one for each key: readable, and taken by every version of Redis, unlike its own dumps. */
import * as z from "zod";

const line = z.union([
  /** A session: the fields of a hash. */
  z.strictObject({ key: z.string().startsWith("data:"), expiresAtMs: z.int().positive().nullable(), hash: z.record(z.string(), z.string()) }),
  /** The sessions of one principal: members of a sorted set with their scores. */
  z.strictObject({
    key: z.string().startsWith("index:"),
    expiresAtMs: z.int().positive().nullable(),
    sortedSet: z.array(z.tuple([z.string(), z.number()])),
  }),
]);

/** One key of the sessions, without the prefix that all of them share; `expiresAtMs` since the epoch, null: never. */
export type SessionEntry = z.output<typeof line>;

/** A session is bounded by `SESSION_MAX_CHARS`; an index holds one short id for each session of a principal. */
const MAX_LINE_BYTES = 64 << 20;

/** The lines are no sessions. */
export class UnreadableSessions extends Error {
  override readonly name = "UnreadableSessions";
}

export const writeSessionLine = (entry: SessionEntry): string => `${JSON.stringify(entry)}\n`;

/** @throws UnreadableSessions at the first line that is none. */
export async function* readSessionLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SessionEntry> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, at)) {
      yield parseLine(Buffer.concat([...held, chunk.subarray(at, end)]).toString("utf8"));
      held = [];
      heldBytes = 0;
      at = end + 1;
    }
    if (at === chunk.length) continue;
    held.push(Buffer.from(chunk.subarray(at)));
    heldBytes += chunk.length - at;
    if (heldBytes > MAX_LINE_BYTES) throw new UnreadableSessions("has a line that is too long");
  }
  if (held.length > 0) throw new UnreadableSessions("ends within a line");
}

function parseLine(text: string): SessionEntry {
  try {
    return line.parse(JSON.parse(text));
  } catch (cause) {
    throw new UnreadableSessions("has a line that is no session", { cause });
  }
}
