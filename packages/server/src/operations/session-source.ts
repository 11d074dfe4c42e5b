/** Sessions outside of the record, as a backup reads them. */
import type { SessionEntry } from "./backup-sets/session-lines.ts";

export interface SessionSource {
  /** Such as `Redis 7.0.15`. @throws RagError `store_unavailable`. */
  version(): Promise<string>;
  /** Every session and every list of sessions; each as it stands when its turn comes. @throws RagError `store_unavailable`. */
  readSessions(): AsyncIterable<SessionEntry>;
}
