/** The index that answers, and what keeps it in step where other servers share the record. */
import type { HybridIndex } from "@rag-personal/core";
import { listenToChanges } from "../adapters/postgres/change-listener.ts";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { SnapshotStore } from "../adapters/postgres/snapshot-store.ts";
import type { Config } from "../config.ts";
import type { VectorParts } from "../index-administration.ts";
import { createRecordFollower, type RecordFollower } from "../record-follower.ts";
import { createSearchIndex, type SearchIndex, type SpaceStore } from "../search-index.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, nextTurn, timers } from "./time.ts";

const SPACE = "semantic-space";

export interface SearchIndexParts {
  readonly index: SearchIndex;
  /** Undefined with the embedded database, which nobody else can change. */
  readonly follower: RecordFollower | undefined;
}

export function openSearchIndex(
  config: Config,
  { stores, hybridIndex, vectors }: { readonly stores: PostgresStores; readonly hybridIndex: HybridIndex; readonly vectors: VectorParts | undefined },
  opened: OpenedParts,
  { log }: Pick<Surroundings, "log">,
): SearchIndexParts {
  const { DATABASE_URL } = config;
  const index = createSearchIndex({
    index: hybridIndex,
    follower: vectors?.index,
    onTouched: DATABASE_URL === undefined ? undefined : (documentId) => follower?.touched(documentId),
    loadChunks: (documentIds) => stores.documents.loadChunks(documentIds),
    space: createKeptSpace(stores.snapshots),
    log,
    nextTurn,
  });
  opened.add(() => index.stop());
  const follower =
    DATABASE_URL === undefined
      ? undefined
      : createRecordFollower({ changes: stores.changes, index, pollMs: config.CHANGES_POLL_MS, timers, clock, log });
  if (DATABASE_URL !== undefined && follower !== undefined) {
    opened.add(() => follower.stop());
    const listener = listenToChanges({
      server: { url: DATABASE_URL },
      timeoutMs: config.DATABASE_TIMEOUT_MS,
      timers,
      clock,
      onChange: follower.wake,
    });
    opened.add(async () => listener.stop());
  }
  return { index, follower };
}

/** The space as all servers share it: the one that was kept last counts. */
function createKeptSpace(snapshots: SnapshotStore): SpaceStore {
  let known: string | undefined;
  async function load(): Promise<Uint8Array | undefined> {
    // The version first: what is kept meanwhile is then taken for newer once more, and not for known.
    known = await snapshots.snapshotVersion(SPACE);
    return known === undefined ? undefined : await snapshots.loadSnapshot(SPACE);
  }
  return {
    load,
    async loadNewer() {
      return (await snapshots.snapshotVersion(SPACE)) === known ? undefined : await load();
    },
    async save(bytes) {
      known = await snapshots.saveSnapshot(SPACE, bytes);
    },
  };
}
